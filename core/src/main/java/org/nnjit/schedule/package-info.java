/**
 * How a kernel is to run: the device it is for and the choices made for it, as plain data.
 *
 * <p>Read {@link org.nnjit.schedule.Target} and {@link org.nnjit.schedule.Schedule} first. A
 * schedule's text form parses back; it is what the kernel database keeps. Families in {@code
 * kernel.family} say which steps they know.
 */
package org.nnjit.schedule;
