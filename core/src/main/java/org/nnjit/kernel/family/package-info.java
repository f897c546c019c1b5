/**
 * Kernel families: each knows one shape of loops for one kind of compute.
 *
 * <p>Read {@link org.nnjit.kernel.family.KernelFamily}, {@link org.nnjit.kernel.family.Families}
 * and {@link org.nnjit.kernel.family.ContractionFamily} first. A new family is one file here and
 * one line in {@code Families}.
 */
package org.nnjit.kernel.family;
