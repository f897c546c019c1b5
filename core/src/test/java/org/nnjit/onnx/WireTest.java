package org.nnjit.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;

/** Names in a file are UTF-8. */
class WireTest {
  private static String decode(byte... text) {
    byte[] message = new byte[text.length + 2];
    message[0] = 0x0a;
    message[1] = (byte) text.length;
    System.arraycopy(text, 0, message, 2, text.length);
    Wire wire = Wire.of(ByteSource.of(message), "model");
    assertTrue(wire.next());
    return wire.string();
  }

  @Test
  void textComesBack() {
    long seed = 5;
    Random random = new Random(seed);
    int[] most = {0x7f, 0x7ff, 0xffff, 0x10ffff};
    for (int round = 0; round < 500; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 30; i++) {
        int code = random.nextInt(most[random.nextInt(4)] + 1);
        text.appendCodePoint(code >> 11 == 0x1b ? 'x' : code);
      }
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      assertEquals(text.toString(), decode(bytes), "seed " + seed);
    }
  }

  @Test
  void whatIsNoTextIsReplaced() {
    assertEquals("a\ufffdb", decode((byte) 'a', (byte) 0x80, (byte) 'b'));
    assertEquals("\ufffdb", decode((byte) 0xc3, (byte) 'b'));
    assertEquals("\ufffd", decode((byte) 0xe2, (byte) 0x82));
    assertEquals("\ufffd", decode((byte) 0xc0, (byte) 0xaf));
    assertEquals("\ufffd", decode((byte) 0xed, (byte) 0xa0, (byte) 0x80));
    assertEquals("\ufffd", decode((byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80));
  }
}
