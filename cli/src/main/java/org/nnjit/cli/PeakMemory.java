package org.nnjit.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The most memory that the page of a browser has held, as Linux counts resident memory. */
final class PeakMemory {
  private PeakMemory() {}

  /**
   * The largest high-water mark among Chromium's renderer processes under a process, in bytes; 0
   * where {@code /proc} does not tell.
   */
  static long of(Process browser) {
    List<ProcessHandle> all = new ArrayList<>(List.of(browser.toHandle()));
    browser.descendants().forEach(all::add);
    long most = 0;
    for (ProcessHandle p : all) {
      most = Math.max(most, ofRenderer(Path.of("/proc", Long.toString(p.pid()))));
    }
    return most;
  }

  private static long ofRenderer(Path process) {
    try {
      if (!Files.readString(process.resolve("cmdline")).contains("--type=renderer")) {
        return 0;
      }
      for (String line : Files.readAllLines(process.resolve("status"))) {
        if (line.startsWith("VmHWM:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
        }
      }
    } catch (IOException e) {
      // The process has ended meanwhile, or this is no Linux.
    }
    return 0;
  }
}
