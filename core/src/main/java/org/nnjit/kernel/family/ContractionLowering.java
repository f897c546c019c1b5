package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Tile;
import org.nnjit.loop.Value;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.TensorType;

/**
 * Loops of one contraction around its register tile: a panel of B meets a run of strips of A, block
 * of k after block of k.
 */
final class ContractionLowering {
  /** Strips in one call of a tile: more calls cost more, fewer delay the optimised code. */
  private static final int STRIPS = 16;

  /** Parts that several threads can share evenly; more parts only ask for more scratch. */
  private static final int WIDENED_PARTS = 32;

  private final Contraction c;
  private final Schedule schedule;
  private final Buffer[] buffers;
  private final int mr;
  private final int nr;
  private final int strips;
  private final Affine fb;
  private final Buffer room;
  private final ContractionTile tiles;

  ContractionLowering(Contraction c, Schedule schedule) {
    this(c, schedule, buffers(c), MapReduceFamily.types(c.compute()), null);
  }

  /** A contraction whose halves become floats panel by panel, in scratch, the last argument. */
  static ContractionLowering widening(Contraction c, Schedule schedule) {
    Contraction more = c.with(AttentionParts.SCRATCH);
    Buffer[] buffers = buffers(more);
    Buffer room = buffers[c.compute().inputs().size()];
    return new ContractionLowering(
        more, schedule, buffers, MapReduceFamily.types(more.compute()), room);
  }

  /** Buffers of the arguments; halves are read by words. */
  private static Buffer[] buffers(Contraction c) {
    Buffer[] buffers = MapReduceFamily.buffers(c.compute());
    if (c.half() != null) {
      buffers[c.argB()] = new Buffer(buffers[c.argB()].name(), DType.I32);
    }
    return buffers;
  }

  /**
   * As a part of a larger kernel.
   *
   * @param buffers of the kernel: the contraction's arguments, its output, and perhaps more
   * @param types type of each
   */
  ContractionLowering(Contraction c, Schedule schedule, Buffer[] buffers, TensorType[] types) {
    this(c, schedule, buffers, types, null);
  }

  private ContractionLowering(
      Contraction c, Schedule schedule, Buffer[] buffers, TensorType[] types, Buffer room) {
    this.c = c;
    this.room = room;
    this.schedule = schedule;
    this.buffers = buffers;
    this.mr = schedule.get("mr", 6);
    this.nr = schedule.get("nr", 8);
    this.strips = (c.rows() + mr - 1) / mr;
    LoopBuilder addresses = new LoopBuilder(buffers, types);
    this.fb = addresses.address(c.b());
    if (schedule.get("pack", 0) != 1 && fb.coefficient(c.n()) != 1) {
      throw new IllegalStateException(
          c.compute().name() + ": columns of B are not dense; the schedule must pack it");
    }
    this.tiles = new ContractionTile(c, schedule, buffers, types, room);
  }

  /** Rows of a whole tile. */
  int mr() {
    return mr;
  }

  /**
   * All columns of some rows.
   *
   * @param indices value of each batch axis
   * @param first number of their first strip
   * @param columns end of the columns where only a run knows it, a multiple of nr as their number
   *     is; null for all
   * @param depth the same for k, as {@link ContractionTile#call} wants it
   */
  Stmt rows(Value[] indices, Value first, int rows, Value columns, Value depth) {
    Local p = Local.of("panel", LType.I32);
    int whole = rows / mr;
    int rest = rows - whole * mr;
    Value last = Value.add(first, Value.i32(whole));
    Inside inside =
        q -> {
          List<Stmt> body = new ArrayList<>();
          for (int part = 0; part < tiles.parts(); part++) {
            if (whole > 0) {
              body.add(tiles.call(mr, q, part, indices, first, last, p, depth));
            }
            if (rest > 0) {
              Value end = Value.add(last, Value.i32(1));
              body.add(tiles.call(rest, q, part, indices, last, end, p, depth));
            }
          }
          return Stmt.block(body);
        };
    if (columns == null) {
      return panelLoop(p, inside);
    }
    Value panels = Digits.integer(BinaryOp.DIV, columns, nr);
    return new Stmt.For(p, Value.i32(0), panels, 1, inside.of(nr));
  }

  /** Parts of some panels each, which become floats one after the other. */
  private LoopNest widened() {
    int panels = tiles.streamPanels();
    int batches = Reductions.points(c.batch());
    int chunks = Math.min(panels, (WIDENED_PARTS + batches - 1) / batches);
    int panelsEach = (panels + chunks - 1) / chunks;
    chunks = (panels + panelsEach - 1) / panelsEach;
    int elements = 2 * c.pairs() * nr;
    int items = batches * chunks;
    int perPart = (items + WIDENED_PARTS - 1) / WIDENED_PARTS;
    int parts = (items + perPart - 1) / perPart;
    Local item = Local.of("item", LType.I32);
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    Local part = Local.of("part", LType.I32);
    Local p = Local.of("panel", LType.I32);
    List<Stmt> body = new ArrayList<>();
    Value[] indices = new Value[c.batch().size()];
    Value rest = split(body, Value.get(item), chunks, batches > 1);
    Value from = Value.mul(lastSplit, panelsEach);
    int left = batches;
    Value ofB = Value.i32(0);
    int size = 1;
    for (int i = indices.length - 1; i >= 0; i--) {
      Axis axis = c.batch().get(i);
      left /= axis.extent();
      rest = split(body, rest, axis.extent(), left > 1);
      indices[i] = lastSplit;
      if (fb.coefficient(axis) != 0) {
        ofB = Value.add(ofB, Value.mul(lastSplit, size));
        size *= axis.extent();
      }
    }
    Value panel = Value.add(Value.mul(ofB, panels), Value.get(p));
    Stmt widen = new Stmt.TileCall(widening(), List.of(panel, Value.get(tiles.slot())));
    Stmt rows = panelOf(p, q -> parts(Value.i32(0), strips, q, indices, p));
    Value to = Value.add(from, Value.i32(panelsEach));
    Value last = panels % panelsEach == 0 ? to : Digits.integer(BinaryOp.MIN, to, panels);
    body.add(new Stmt.For(p, from, last, 1, Stmt.block(List.of(widen, rows))));
    // A call has the room of the part it begins with, which no other call touches.
    Stmt place = Stmt.let(tiles.slot(), Value.mul(Value.get(begin), elements));
    Value first = Value.mul(Value.get(part), perPart);
    Value behind = Value.add(first, Value.i32(perPart));
    Value bound = items % perPart == 0 ? behind : Digits.integer(BinaryOp.MIN, behind, items);
    Stmt each = new Stmt.For(item, first, bound, 1, Stmt.block(body));
    Stmt loop = new Stmt.For(part, Value.get(begin), Value.get(end), 1, each);
    return new LoopNest(
        c.compute().name(), List.of(buffers), parts * elements, parts, begin, end,
        Stmt.block(List.of(place, loop)));
  }

  /** Puts a panel of halves into scratch as floats. */
  private Tile widening() {
    Local panel = Local.of("panel", LType.I32);
    Local slot = Local.of("slot", LType.I32);
    Local words = Local.pointer("words", buffers[c.argB()]);
    Local floats = Local.pointer("floats", room);
    Local mask = Local.of("mask", LType.I32X4);
    Value start = Value.mul(Value.get(panel), c.pairs() * nr);
    DType type = c.half().type();
    List<Stmt> body = new ArrayList<>();
    body.add(Stmt.let(words, new Value.Address(buffers[c.argB()], start)));
    body.add(Stmt.let(floats, new Value.Address(room, Value.get(slot))));
    body.add(Stmt.let(mask, HalfProduct.mask(type)));
    List<Stmt> pair = new ArrayList<>();
    for (int j = 0; j < nr; j += 4) {
      Local word = Local.of("word", LType.I32X4);
      pair.add(Stmt.let(word, new Value.Load(Value.get(words), j, Value.Access.VECTOR)));
      for (int k = 0; k < 2; k++) {
        Value x = HalfProduct.floats(type, Value.get(word), k == 1, Value.get(mask));
        if (type == DType.F16) {
          x = new Value.Binary(BinaryOp.MUL, DType.F32, x, HalfProduct.root(type));
        }
        pair.add(new Stmt.Store(Value.get(floats), k * nr + j, x, 4));
      }
    }
    pair.add(Stmt.let(words, new Value.Offset(Value.get(words), Value.i32(nr))));
    pair.add(Stmt.let(floats, new Value.Offset(Value.get(floats), Value.i32(2 * nr))));
    Local k = Local.of("k", LType.I32);
    body.add(new Stmt.For(k, Value.i32(0), Value.i32(c.pairs()), 1, Stmt.block(pair)));
    return new Tile("widen", List.of(panel, slot), Stmt.block(body));
  }

  LoopNest lower() {
    if (room != null) {
      return widened();
    }
    int panels = tiles.streamPanels();
    int batches = 1;
    for (Axis axis : c.batch()) {
      batches *= axis.extent();
    }
    boolean rowsOuter = schedule.get("outer", 0) == 1;
    int run = rowsOuter ? Math.max(1, Math.min(schedule.get("mc", 1), strips)) : strips;
    int runs = (strips + run - 1) / run;
    int outer = rowsOuter ? runs : panels;
    Local begin = Local.of("begin", LType.I32);
    Local end = Local.of("end", LType.I32);
    Local block = Local.of("block", LType.I32);
    List<Stmt> body = new ArrayList<>();
    Value[] indices = new Value[c.batch().size()];
    Value outerIndex = null;
    // Batches that share B come fastest, so that a panel of B is read again while it is near.
    Value rest = Value.get(block);
    int left = outer * batches;
    for (int pass = 0; pass < 2; pass++) {
      for (int i = c.batch().size() - 1; i >= 0; i--) {
        Axis axis = c.batch().get(i);
        boolean shared = !rowsOuter && fb.coefficient(axis) == 0;
        if (shared == (pass == 0)) {
          left /= axis.extent();
          rest = split(body, rest, axis.extent(), left > 1);
          indices[i] = lastSplit;
        }
      }
      if (pass == 0) {
        left /= outer;
        rest = split(body, rest, outer, left > 1);
        outerIndex = lastSplit;
      }
    }
    Local p = Local.of("panel", LType.I32);
    if (runs > 1) {
      Local first = Local.of("first", LType.I32);
      body.add(Stmt.let(first, Value.mul(outerIndex, run)));
      Value from = Value.get(first);
      body.add(panelLoop(p, q -> parts(from, run, q, indices, p)));
    } else if (rowsOuter) {
      body.add(panelLoop(p, q -> parts(Value.i32(0), run, q, indices, p)));
    } else {
      body.add(Stmt.let(p, outerIndex));
      body.add(panelOf(p, q -> parts(Value.i32(0), run, q, indices, p)));
    }
    Stmt loop = new Stmt.For(block, Value.get(begin), Value.get(end), 1, Stmt.block(body));
    return new LoopNest(
        c.compute().name(), List.of(buffers), outer * batches, begin, end, loop);
  }

  private Value lastSplit;

  private Value split(List<Stmt> body, Value index, int extent, boolean more) {
    if (!more) {
      lastSplit = index;
      return Value.i32(0);
    }
    Digits digits = Digits.of(index, extent, "i", body::add);
    lastSplit = digits.lowest();
    return digits.above();
  }

  /** What goes inside, given the number of columns of the panel. */
  private interface Inside {
    Stmt of(int columns);
  }

  private Stmt panelLoop(Local p, Inside inside) {
    List<Stmt> body = new ArrayList<>();
    int begin = 0;
    for (ContractionTile.Panels next : tiles.panels()) {
      Stmt all = inside.of(next.columns());
      if (next.columns() == nr || next.end() > begin + 1) {
        body.add(new Stmt.For(p, Value.i32(begin), Value.i32(next.end()), 1, all));
      } else {
        body.add(Stmt.let(p, Value.i32(begin)));
        body.add(all);
      }
      begin = next.end();
    }
    return Stmt.block(body);
  }

  /** The panel is given. */
  private Stmt panelOf(Local p, Inside inside) {
    List<ContractionTile.Panels> all = tiles.panels();
    Stmt chosen = inside.of(all.get(all.size() - 1).columns());
    for (int i = all.size() - 2; i >= 0; i--) {
      Value isHere =
          new Value.Binary(BinaryOp.LT, DType.I32, Value.get(p), Value.i32(all.get(i).end()));
      chosen = new Stmt.If(isHere, inside.of(all.get(i).columns()), chosen);
    }
    return chosen;
  }

  /** All of k for {@code run} strips from {@code from} on, or as many as there are. */
  private Stmt parts(Value from, int run, int columns, Value[] indices, Local p) {
    List<Stmt> body = new ArrayList<>();
    for (int part = 0; part < tiles.parts(); part++) {
      body.add(strips(from, run, columns, indices, p, part));
    }
    return Stmt.block(body);
  }

  private Stmt strips(Value from, int run, int columns, Value[] indices, Local p, int part) {
    int whole = c.rows() / mr;
    Value end = Value.add(from, Value.i32(run));
    Value to = end;
    if (run == strips) {
      to = Value.i32(whole);
    } else if (strips % run != 0 || whole < strips) {
      to = new Value.Binary(BinaryOp.MIN, DType.I32, end, Value.i32(whole));
    }
    List<Stmt> body = new ArrayList<>();
    if (whole > 0 && run <= STRIPS) {
      body.add(tiles.call(mr, columns, part, indices, from, to, p));
    } else if (whole > 0) {
      Local s = Local.of("strip", LType.I32);
      Value next = Value.add(Value.get(s), Value.i32(STRIPS));
      Value last = new Value.Binary(BinaryOp.MIN, DType.I32, next, to);
      Stmt call = tiles.call(mr, columns, part, indices, Value.get(s), last, p);
      body.add(new Stmt.For(s, from, to, STRIPS, call));
    }
    if (whole < strips) {
      int rows = c.rows() - whole * mr;
      Stmt rest =
          tiles.call(
              rows, columns, part, indices, Value.i32(whole), Value.i32(whole + 1), p);
      Value reaches = new Value.Binary(BinaryOp.LT, DType.I32, Value.i32(whole), end);
      body.add(run == strips ? rest : new Stmt.If(reaches, rest, null));
    }
    return Stmt.block(body);
  }
}
