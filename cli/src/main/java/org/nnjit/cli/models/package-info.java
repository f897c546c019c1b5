/**
 * Writes ordinary ONNX files with true architectures and seeded weights, in the decomposed style of
 * real exporters, for the demo, the benchmarks and the tests.
 *
 * <p>Read {@link org.nnjit.cli.models.GraphWriter} (how a graph is described), {@link
 * org.nnjit.cli.models.Models} (the list) and one architecture such as {@link
 * org.nnjit.cli.models.Roberta} first. One more model is one file like that and one line in {@code
 * Models}.
 */
package org.nnjit.cli.models;
