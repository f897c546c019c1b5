/**
 * A loaded model and the plans compiled for the shapes it has been run with.
 *
 * <p>Read {@link org.nnjit.session.Session} and {@link org.nnjit.session.Compiler} first. The host
 * (browser or test) owns memory, files, threads and time.
 */
package org.nnjit.session;
