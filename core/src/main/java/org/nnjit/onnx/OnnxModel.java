package org.nnjit.onnx;

import java.util.Map;
import java.util.Set;
import org.nnjit.graph.Graph;

/**
 * What an ONNX file holds.
 *
 * @param graph the model
 * @param irVersion version of the file format
 * @param opsets imported operator sets, "" being ONNX's own
 * @param producer the exporter's name
 * @param metadata whatever the exporter noted
 * @param externalFiles names of files with weights, relative to the model
 */
public record OnnxModel(
    Graph graph,
    long irVersion,
    Map<String, Integer> opsets,
    String producer,
    Map<String, String> metadata,
    Set<String> externalFiles) {}
