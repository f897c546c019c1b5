package org.nnjit.cli.tensors;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import onnx.Onnx;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * A model's inputs from files, as a user names them: {@code NAME=FILE} or {@code NAME:DIMS=FILE}.
 * The file's ending says what it is: {@code .pb} a TensorProto, {@code .npy} NumPy's, {@code .json}
 * arrays in arrays, {@code .bin} little-endian elements and nothing else.
 */
public final class FeedFiles {
  private static final Pattern DIMS = Pattern.compile("(.*):([0-9]+(?:x[0-9]+)*)");

  private FeedFiles() {}

  /** One file for one input; {@code shape} is what the user says, or null. */
  private record Feed(Port port, Path file, Shape shape) {}

  /**
   * Tensors for all inputs of a model.
   *
   * @param texts {@code NAME=FILE} or {@code NAME:DIMS=FILE} each, as in {@code ids:1x128=ids.bin}
   * @return by input name, in the order of the model's inputs
   * @throws ModelException when a name, a type or a shape does not fit the model, or one is missing
   * @throws IOException when a file cannot be read
   */
  public static Map<String, Tensor> read(List<String> texts, Graph graph) throws IOException {
    Map<String, Tensor> given = new LinkedHashMap<>();
    for (String text : texts) {
      Feed feed = parse(text, graph.inputs());
      if (given.put(feed.port().name(), read(feed)) != null) {
        throw new ModelException("input '" + feed.port().name() + "' is fed twice");
      }
    }
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    Map<String, TensorType> types = new LinkedHashMap<>();
    for (Port p : graph.inputs()) {
      Tensor t = given.get(p.name());
      if (t == null) {
        throw new ModelException(
            "input '" + p.name() + "' has no file, wanted " + p.wanted() + ": add --feed " + p.name()
                + "=FILE");
      }
      feeds.put(p.name(), t);
      types.put(p.name(), t.type());
    }
    Specialiser.checkFeeds(graph, types);
    return feeds;
  }

  private static Feed parse(String text, List<Port> inputs) {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw new ModelException(
          "--feed '" + text + "': wanted NAME=FILE or NAME:DIMS=FILE, such as ids:1x128=ids.bin");
    }
    String name = text.substring(0, equals);
    Path file = Path.of(text.substring(equals + 1));
    // A name may itself end like dimensions, as TensorFlow's "input:0" does.
    Port port = named(name, inputs);
    Matcher m = DIMS.matcher(name);
    if (port != null || !m.matches()) {
      return new Feed(require(port, name, inputs), file, null);
    }
    return new Feed(
        require(named(m.group(1), inputs), m.group(1), inputs), file, Shapes.parse(m.group(2)));
  }

  private static Port named(String name, List<Port> inputs) {
    for (Port p : inputs) {
      if (p.name().equals(name)) {
        return p;
      }
    }
    return null;
  }

  private static Port require(Port port, String name, List<Port> inputs) {
    if (port != null) {
      return port;
    }
    StringBuilder names = new StringBuilder();
    for (Port p : inputs) {
      names.append(names.isEmpty() ? "" : ", ").append(p.name()).append(": ").append(p.wanted());
    }
    throw new ModelException("the model has no input '" + name + "', it has " + names);
  }

  private static Tensor read(Feed feed) throws IOException {
    String where = "input '" + feed.port().name() + "' from '" + feed.file() + "': ";
    if (!Files.isRegularFile(feed.file())) {
      throw new ModelException(where + "there is no such file");
    }
    String name = feed.file().getFileName().toString();
    byte[] bytes = Files.readAllBytes(feed.file());
    try {
      DType wanted = feed.port().dtype();
      Tensor t =
          switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "bin" -> raw(feed, bytes);
            case "json" -> JsonTensors.read(new String(bytes, StandardCharsets.UTF_8), wanted);
            case "npy" -> Npy.read(bytes);
            case "pb" -> OnnxTensors.read(bytes);
            default -> throw new ModelException(
                "what is in it? Give it the ending .pb (ONNX tensor), .npy (NumPy), .json or .bin");
          };
      if (feed.shape() != null) {
        if (feed.shape().elements() != t.elements()) {
          throw new ModelException(
              "it holds " + t.type().dtype().onnxName() + t.shape() + ", not the "
                  + feed.shape().elements() + " elements of " + feed.shape());
        }
        t = t.reshaped(feed.shape());
      }
      check(feed, t);
      return t;
    } catch (ModelException e) {
      throw new ModelException(where + e.getMessage());
    }
  }

  private static void check(Feed feed, Tensor t) {
    Port p = feed.port();
    String got = "it holds " + t.dtype().onnxName() + t.shape() + ", wanted " + p.wanted();
    if (t.dtype() != p.dtype()) {
      boolean numpy = feed.file().toString().endsWith(".npy");
      throw new ModelException(
          !numpy ? got
              : p.dtype() == DType.BF16 ? got + "; NumPy has no such type: use .pb, .json or .bin"
              : got + "; in NumPy: x.astype('" + p.dtype().onnxName() + "')");
    }
    if (!fits(p, t.shape())) {
      Shape whole = wholeShape(p, t.elements());
      throw new ModelException(
          whole == null ? got : got + "; " + example(p, feed.file(), whole) + " reads it in that shape");
    }
  }

  private static boolean fits(Port p, Shape shape) {
    if (p.dims() == null) {
      return true;
    }
    boolean fits = p.dims().size() == shape.rank();
    for (int i = 0; fits && i < shape.rank(); i++) {
      Dim d = p.dims().get(i);
      fits = !d.isKnown() || d.value() == shape.dim(i);
    }
    return fits;
  }

  private static String example(Port p, Path file, Shape shape) {
    StringBuilder dims = new StringBuilder();
    for (int d : shape.dims()) {
      dims.append(dims.isEmpty() ? ":" : "x").append(d);
    }
    return "--feed " + p.name() + dims + "=" + file;
  }

  /**
   * The one shape that a port gives so many elements: all its dimensions are known, or all but one.
   * Null when there is none, or more than one.
   */
  private static Shape wholeShape(Port p, long elements) {
    if (p.dims() == null) {
      return null;
    }
    int[] dims = new int[p.dims().size()];
    int open = -1;
    long rest = 1;
    for (int i = 0; i < dims.length; i++) {
      Dim d = p.dims().get(i);
      if (d.isKnown()) {
        dims[i] = d.value();
        rest *= d.value();
      } else if (open >= 0) {
        return null;
      } else {
        open = i;
      }
    }
    if (open >= 0) {
      if (rest == 0 || elements % rest != 0) {
        return null;
      }
      dims[open] = (int) (elements / rest);
    } else if (elements != rest) {
      return null;
    }
    return Shape.of(dims);
  }

  /** Elements alone; the shape is the user's or the model's. */
  private static Tensor raw(Feed feed, byte[] bytes) {
    Port p = feed.port();
    int size = p.dtype().bytes();
    Shape shape = feed.shape();
    if (shape == null && p.dims() != null && p.dims().stream().allMatch(Dim::isKnown)) {
      shape = smallest(p);
    } else if (shape == null && bytes.length % size == 0) {
      shape = wholeShape(p, bytes.length / size);
    }
    if (shape == null) {
      String elements = bytes.length % size == 0 ? " = " + bytes.length / size + " elements" : "";
      throw new ModelException(
          "it has " + bytes.length + " bytes" + elements + ", which gives " + p.wanted()
              + " no shape: name it as in " + example(p, feed.file(), smallest(p)));
    }
    if (shape.elements() * size != bytes.length) {
      throw new ModelException(
          "it has " + bytes.length + " bytes, " + p.dtype().onnxName() + shape + " needs "
              + shape.elements() * size);
    }
    return new Tensor(p.dtype(), shape, bytes);
  }

  /** The smallest shape that fits a port. */
  private static Shape smallest(Port p) {
    if (p.dims() == null) {
      return Shape.of(1, 1);
    }
    return Shape.of(p.dims().stream().mapToInt(d -> d.isKnown() ? d.value() : 1).toArray());
  }

  /** A TensorProto of a tensor. */
  public static byte[] proto(String name, Tensor t) {
    Onnx.TensorProto.Builder out = Onnx.TensorProto.newBuilder();
    out.setName(name).setDataType(t.dtype().onnxCode());
    out.setRawData(ByteString.copyFrom(t.bytes()));
    for (int d : t.shape().dims()) {
      out.addDims(d);
    }
    return out.build().toByteArray();
  }
}
