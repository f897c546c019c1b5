/**
 * The model as computes on values: views vanish into reads, elementwise chains into their
 * neighbours, layouts are chosen.
 *
 * <p>Read {@link org.nnjit.fuse.Program}, {@link org.nnjit.fuse.Fuser} and {@link
 * org.nnjit.fuse.Fusion} first. A new fusion is one file here and one line in {@code Fusion}.
 */
package org.nnjit.fuse;
