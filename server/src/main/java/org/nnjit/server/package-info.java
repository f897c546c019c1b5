/**
 * Serves pages, the npm bundle and models with the isolation headers, and collects what pages
 * report; starts browsers.
 *
 * <p>Read {@link org.nnjit.server.PageServer} and {@link org.nnjit.server.Browser} first.
 */
package org.nnjit.server;
