/**
 * Tensors in files, as users have them: what {@code nnjit run} is fed and what it saves.
 *
 * <p>Read {@link org.nnjit.cli.tensors.FeedFiles} first, then {@link org.nnjit.cli.tensors.Npy}. One
 * more format is one class like {@code Npy} and one line in {@code FeedFiles}.
 */
package org.nnjit.cli.tensors;
