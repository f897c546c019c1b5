package org.nnjit.graph;

import java.util.Map;
import java.util.Set;

/**
 * What a model file holds.
 *
 * @param graph the model
 * @param opsets versions of the operator sets that its nodes are written in, "" being ONNX's own
 * @param producer the exporter's name
 * @param metadata whatever the exporter noted
 * @param externalFiles names of files with weights, relative to the model
 */
public record Model(
    Graph graph,
    Map<String, Integer> opsets,
    String producer,
    Map<String, String> metadata,
    Set<String> externalFiles) {}
