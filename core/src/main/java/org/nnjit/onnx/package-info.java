/**
 * Reads ONNX files: the protocol-buffer wire format, field by field, without copying weights.
 *
 * <pre>
 * message := (tag value)*           tag = field number * 8 + wire type, a varint
 * value   := varint                 wire type 0
 *          | 8 bytes                wire type 1
 *          | length bytes           wire type 2: string, bytes, message, packed numbers
 *          | 4 bytes                wire type 5
 * </pre>
 *
 * <p>Read {@link org.nnjit.onnx.OnnxReader}, {@link org.nnjit.graph.ByteSource} and {@link
 * org.nnjit.onnx.Wire} first. Source: onnx.proto, and the protocol-buffer encoding guide.
 */
package org.nnjit.onnx;
