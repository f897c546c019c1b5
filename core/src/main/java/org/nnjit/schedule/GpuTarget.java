package org.nnjit.schedule;

/**
 * What a GPU allows, as WebGPU tells.
 *
 * @param storageBuffers most buffers that a kernel may be given
 * @param bufferBytes most bytes of one of them
 * @param groupSize most invocations of a workgroup
 * @param sharedBytes most memory that they share
 * @param halves kernels may reckon in f16
 * @param subgroups invocations may read each other's registers
 * @param software a program on the CPU does a GPU's work: what invocations share is memory like any
 *     other there
 */
public record GpuTarget(
    int storageBuffers,
    long bufferBytes,
    int groupSize,
    int sharedBytes,
    boolean halves,
    boolean subgroups,
    boolean software) {

  /** What every WebGPU has. */
  public static GpuTarget least() {
    return new GpuTarget(8, 128 << 20, 256, 16 << 10, false, false, false);
  }

  /** What a program in the place of a GPU has. */
  public GpuTarget inSoftware() {
    return new GpuTarget(
        storageBuffers, bufferBytes, groupSize, sharedBytes, halves, subgroups, true);
  }
}
