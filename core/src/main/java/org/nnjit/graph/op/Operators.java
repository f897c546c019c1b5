package org.nnjit.graph.op;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.Composite;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.graph.Operator;

/** Every operator nnJIT knows, in alphabetical order. */
public final class Operators {
  private static final Operator[] ALL = {
    Maths.unary("Abs", UnaryOp.ABS),
    Maths.unary("Acos", UnaryOp.ACOS),
    Maths.unary("Acosh", UnaryOp.ACOSH),
    Maths.binary("Add", BinaryOp.ADD),
    Maths.binary("And", BinaryOp.AND),
    new ArgReduce("ArgMax", true),
    new ArgReduce("ArgMin", false),
    Maths.unary("Asin", UnaryOp.ASIN),
    Maths.unary("Asinh", UnaryOp.ASINH),
    Maths.unary("Atan", UnaryOp.ATAN),
    Maths.unary("Atanh", UnaryOp.ATANH),
    new Pool("AveragePool", Pool.Kind.AVERAGE, false),
    new BatchNormalization(),
    Maths.bitShift(),
    new CosineWindow("BlackmanWindow", 0.42, 0.5, 0.08),
    new Cast("Cast"),
    new Cast("CastLike"),
    Maths.unary("Ceil", UnaryOp.CEIL),
    Activations.celu(),
    new Clip(),
    new Col2Im(),
    new Compress(),
    new Concat(),
    new ConstantOfShape(),
    new Conv(),
    new QuantizedConv(false),
    new ConvTranspose(),
    Maths.unary("Cos", UnaryOp.COS),
    Maths.unary("Cosh", UnaryOp.COSH),
    new CumSum(),
    new DepthToSpace(),
    new Quantize(false),
    Maths.binary("Div", BinaryOp.DIV),
    new Dropout(),
    new DynamicQuantizeLinear(),
    new Einsum(),
    Activations.elu(),
    Maths.compare("Equal", BinaryOp.EQ, false),
    Maths.unary("Erf", UnaryOp.ERF),
    Maths.unary("Exp", UnaryOp.EXP),
    new Expand(),
    new EyeLike(),
    new Reshape("Flatten"),
    Maths.unary("Floor", UnaryOp.FLOOR),
    new Recurrent(Recurrent.Kind.GRU),
    new Gather(),
    new GatherBlockQuantized(),
    new GatherElements(),
    new GatherND(),
    Activations.gelu(),
    new Gemm(),
    new Pool("GlobalAveragePool", Pool.Kind.AVERAGE, true),
    new Pool("GlobalLpPool", Pool.Kind.NORM, true),
    new Pool("GlobalMaxPool", Pool.Kind.MAX, true),
    Maths.compare("Greater", BinaryOp.LT, true),
    Maths.compare("GreaterOrEqual", BinaryOp.LE, true),
    new GridSample(),
    new CosineWindow("HammingWindow", 25.0 / 46, 21.0 / 46, 0),
    new CosineWindow("HannWindow", 0.5, 0.5, 0),
    Activations.hardSigmoid(),
    Activations.hardSwish(),
    new Softmax("Hardmax"),
    new Identity(),
    new Normalization("InstanceNormalization"),
    Maths.isInf(),
    Maths.test("IsNaN", UnaryOp.IS_NAN),
    new LRN(),
    new Recurrent(Recurrent.Kind.LSTM),
    new LayerNormalization("", "LayerNormalization", true),
    Activations.leakyRelu(),
    Maths.compare("Less", BinaryOp.LT, false),
    Maths.compare("LessOrEqual", BinaryOp.LE, false),
    Maths.unary("Log", UnaryOp.LOG),
    new Softmax("LogSoftmax"),
    new Pool("LpPool", Pool.Kind.NORM, false),
    new MatMul(),
    new QuantizedMatMul(false),
    new MatMulNBits(),
    Maths.variadic("Max", BinaryOp.MAX),
    new Pool("MaxPool", Pool.Kind.MAX, false),
    Maths.mean(),
    new MeanVarianceNormalization(),
    Maths.variadic("Min", BinaryOp.MIN),
    Maths.mod(),
    Maths.binary("Mul", BinaryOp.MUL),
    Maths.unary("Neg", UnaryOp.NEG),
    new ClassLoss(false),
    new NonMaxSuppression(),
    new NonZero(),
    Maths.unary("Not", UnaryOp.NOT),
    new OneHot(),
    Maths.binary("Or", BinaryOp.OR),
    Activations.prelu(),
    new Pad(),
    Maths.pow(),
    new QuantizedConv(true),
    new QuantizedMatMul(true),
    new Quantize(true),
    new LayerNormalization("nnjit", "RMSNormalization", false),
    new Recurrent(Recurrent.Kind.RNN),
    new Range(),
    Maths.reciprocal(),
    new Reduce("ReduceL1"),
    new Reduce("ReduceL2"),
    new Reduce("ReduceLogSum"),
    new Reduce("ReduceLogSumExp"),
    new Reduce("ReduceMax"),
    new Reduce("ReduceMean"),
    new Reduce("ReduceMin"),
    new Reduce("ReduceProd"),
    new Reduce("ReduceSum"),
    new Reduce("ReduceSumSquare"),
    Activations.relu(),
    new Reshape("Reshape"),
    new Resize("Resize"),
    new ReverseSequence(),
    Maths.unary("Round", UnaryOp.ROUND),
    new ScatterElements("Scatter"),
    new ScatterElements("ScatterElements"),
    new ScatterND(),
    Activations.selu(),
    new ShapeOf("Shape"),
    Activations.shrink(),
    Maths.unary("Sigmoid", UnaryOp.SIGMOID),
    Maths.sign(),
    Activations.silu(),
    Maths.unary("Sin", UnaryOp.SIN),
    Maths.unary("Sinh", UnaryOp.SINH),
    new ShapeOf("Size"),
    new Slice(),
    new Softmax("Softmax"),
    new ClassLoss(true),
    Activations.softplus(),
    Activations.softsign(),
    new SpaceToDepth(),
    new Split(),
    Maths.unary("Sqrt", UnaryOp.SQRT),
    new Reshape("Squeeze"),
    Maths.binary("Sub", BinaryOp.SUB),
    Maths.variadic("Sum", BinaryOp.ADD),
    Maths.unary("Tan", UnaryOp.TAN),
    Maths.unary("Tanh", UnaryOp.TANH),
    Activations.thresholdedRelu(),
    new Tile(),
    new TopK(),
    new Transpose(),
    new Trilu(),
    new Unique(),
    new UnpackBlocks(),
    new UnpackNibbles(),
    new Reshape("Unsqueeze"),
    new Resize("Upsample"),
    new Where(),
    Maths.binary("Xor", BinaryOp.XOR),
  };

  /** Those that stand for other nodes. */
  private static final Composite[] COMPOSITES = {
    new Attention(),
    new Functions("com.microsoft", "BiasGelu"),
    new EmbedLayerNormalization(),
    new Functions("com.microsoft", "FastGelu"),
    new Functions("com.microsoft", "FusedMatMul"),
    new Functions("com.microsoft", "Gelu"),
    new GroupQueryAttention(),
    new If(),
    new Loop(),
    new MultiHeadAttention(),
    new Functions("com.microsoft", "QuickGelu"),
    new RotaryEmbedding(),
    new Scan(),
    new Functions("", "SimplifiedLayerNormalization"),
    new SkipLayerNormalization(true),
    new SkipLayerNormalization(false),
  };

  private static final Map<String, Operator> BY_NAME = new HashMap<>();
  private static final Map<String, Composite> COMPOSITE_BY_NAME = new HashMap<>();

  static {
    for (Composite c : COMPOSITES) {
      COMPOSITE_BY_NAME.put(c.domain() + "." + c.type(), c);
    }
    for (Operator op : ALL) {
      BY_NAME.put(op.domain() + "." + op.type(), op);
    }
  }

  private Operators() {}

  /** The operator, or null when nnJIT has none of that name. */
  public static Operator lookup(String domain, String type) {
    return BY_NAME.get(domain + "." + type);
  }

  /** The node's operator when it stands for other nodes, else null. */
  public static Composite composite(Node node) {
    return COMPOSITE_BY_NAME.get(node.domain() + "." + node.type());
  }

  /**
   * The node's operator.
   *
   * @throws ModelException naming the operator and the node
   */
  public static Operator require(Node node) {
    Operator op = lookup(node.domain(), node.type());
    if (op == null) {
      throw new ModelException(
          "unsupported operator " + (node.domain().isEmpty() ? "" : node.domain() + ".")
              + node.type() + " (opset " + node.opset() + ") at node " + node.label()
              + "; nnJIT knows " + names().size() + " operators");
    }
    return op;
  }

  /** Names of all operators, those of other domains with their domain. */
  public static Set<String> names() {
    Set<String> names = new HashSet<>();
    for (Operator op : ALL) {
      names.add(name(op.domain(), op.type()));
    }
    for (Composite c : COMPOSITES) {
      names.add(name(c.domain(), c.type()));
    }
    return names;
  }

  private static String name(String domain, String type) {
    return domain.isEmpty() ? type : domain + "." + type;
  }
}
