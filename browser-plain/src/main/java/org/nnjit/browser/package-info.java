/**
 * What stands in the place of classes of the browser module in the smaller of the two compilers for
 * pages: {@link org.nnjit.browser.GpuSide}, without anything of GPUs. A class more is one file here
 * and one exclusion in the browser module's build.
 */
package org.nnjit.browser;
