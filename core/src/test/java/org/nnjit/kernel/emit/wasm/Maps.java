package org.nnjit.kernel.emit.wasm;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopInterpreter;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Kernels that apply a function to each element of some inputs, and their memory. */
final class Maps {
  /** Makes the body of a map from the loaded elements. */
  interface Body {
    Value of(List<Value> x);
  }

  static final EmitOptions SIMD = new EmitOptions(true, false);
  static final EmitOptions RELAXED = new EmitOptions(true, true);

  private Maps() {}

  /** {@code out[i] = f(in0[i], in1[i], ...)}, one or four elements at a time. */
  static LoopNest map(String name, List<DType> inputs, DType output, boolean vector, Body body) {
    List<Buffer> buffers = new ArrayList<>();
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    Local i = Local.of("i", LType.I32);
    List<Value> loaded = new ArrayList<>();
    for (int k = 0; k < inputs.size(); k++) {
      Buffer buffer = new Buffer("in" + k, inputs.get(k));
      buffers.add(buffer);
      loaded.add(
          new Value.Load(
              new Value.Address(buffer, Value.get(i)),
              0,
              vector ? Value.Access.VECTOR : Value.Access.SCALAR));
    }
    Buffer out = new Buffer("out", output);
    buffers.add(out);
    int lanes = vector ? 4 : 1;
    Stmt store = new Stmt.Store(new Value.Address(out, Value.get(i)), 0, body.of(loaded), lanes);
    Stmt loop = new Stmt.For(i, Value.get(begin), Value.get(end), lanes, store);
    LoopNest nest = new LoopNest(name, buffers, 1, begin, end, loop);
    LoopVerifier.verify(nest);
    return nest;
  }

  /** Base addresses of tensors laid one after the other at multiples of 16. */
  static int[] bases(List<Tensor> tensors) {
    int[] bases = new int[tensors.size()];
    int at = 0;
    for (int i = 0; i < bases.length; i++) {
      bases[i] = at;
      at += (tensors.get(i).bytes().length + 15) & ~15;
    }
    return bases;
  }

  /** A memory that holds the tensors at {@link #bases}. */
  static byte[] memory(List<Tensor> tensors) {
    int[] bases = bases(tensors);
    int last = bases.length - 1;
    byte[] memory = new byte[bases[last] + tensors.get(last).bytes().length + 64];
    for (int i = 0; i < bases.length; i++) {
      byte[] bytes = tensors.get(i).bytes();
      System.arraycopy(bytes, 0, memory, bases[i], bytes.length);
    }
    return memory;
  }

  /** The tensors as they lie in a memory. */
  static List<Tensor> read(byte[] memory, List<Tensor> like) {
    int[] bases = bases(like);
    List<Tensor> result = new ArrayList<>();
    for (int i = 0; i < bases.length; i++) {
      Tensor t = like.get(i);
      byte[] bytes = new byte[t.bytes().length];
      System.arraycopy(memory, bases[i], bytes, 0, bytes.length);
      result.add(new Tensor(t.dtype(), t.shape(), bytes));
    }
    return result;
  }

  /** Adds a call of the kernel on these buffers to a batch. */
  static int call(
      NodeBatch batch,
      LoopNest nest,
      EmitOptions options,
      List<Tensor> tensors,
      int begin,
      int end) {
    byte[] wasm = WasmKernel.standalone(nest, options, false);
    org.nnjit.wasm.WasmVerifier.verify(wasm);
    int[] bases = bases(tensors);
    int[] args = new int[bases.length + 2];
    System.arraycopy(bases, 0, args, 0, bases.length);
    args[bases.length] = begin;
    args[bases.length + 1] = end;
    return batch.add(nest.name(), wasm, memory(tensors), args);
  }

  /** Runs the kernel in the interpreter and returns the buffers afterwards. */
  static List<Tensor> interpret(LoopNest nest, List<Tensor> tensors, int begin, int end) {
    byte[] memory = memory(tensors);
    int[] bases = bases(tensors);
    LoopInterpreter interpreter = new LoopInterpreter(memory);
    for (int i = 0; i < bases.length; i++) {
      interpreter.bind(nest.buffers().get(i), bases[i], tensors.get(i).elements());
    }
    interpreter.run(nest, begin, end);
    return read(memory, tensors);
  }

  static Tensor zeros(DType dtype, int elements) {
    return Tensor.zeros(dtype, Shape.of(elements));
  }
}
