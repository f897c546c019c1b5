package org.nnjit.graph;

/** Random access to the bytes of one file. */
public interface ByteSource {

  /** Length in bytes. */
  long size();

  /**
   * Copies bytes out. The range lies inside the file.
   *
   * @param offset first byte in the file
   * @param into where to
   * @param at first index in {@code into}
   * @param length how many
   */
  void read(long offset, byte[] into, int at, int length);

  /** The bytes of an array, not copied. */
  static ByteSource of(byte[] bytes) {
    return new ByteSource() {
      @Override
      public long size() {
        return bytes.length;
      }

      @Override
      public void read(long offset, byte[] into, int at, int length) {
        System.arraycopy(bytes, (int) offset, into, at, length);
      }
    };
  }
}
