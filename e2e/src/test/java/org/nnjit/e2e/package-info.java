/**
 * What crosses modules, in real browsers: conformance, models against ONNX Runtime, faults.
 *
 * <p>Read {@link org.nnjit.e2e.Suite} first: it serves the pages, starts a browser, and waits for
 * what the page reports.
 */
package org.nnjit.e2e;
