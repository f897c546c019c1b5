/**
 * The compiler as an ES module for the page's engine worker.
 *
 * <p>Read {@link org.nnjit.browser.Engine} and {@link org.nnjit.browser.Json} first. The scripts
 * beside the bundle (nnjit.js, engine-worker.js, thread-worker.js) do what only a browser's API can:
 * workers, fetch, shared memory, instantiating modules.
 */
package org.nnjit.browser;
