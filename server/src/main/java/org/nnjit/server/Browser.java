package org.nnjit.server;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A browser on this machine, started as a process with a fresh profile. Firefox has WebGPU there, which
 * it does not offer everywhere by itself; Chromium takes a flag for that.
 *
 * @param kind "chromium" or "firefox"
 * @param executable its program
 */
public record Browser(String kind, Path executable) {
  private static final List<String> CHROMIUM =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome");
  private static final List<String> FIREFOX = List.of("firefox-esr", "firefox");

  /** The browser of this kind that PATH holds. */
  public static Optional<Browser> find(String kind) {
    List<String> names = kind.equals("firefox") ? FIREFOX : CHROMIUM;
    String path = System.getenv().getOrDefault("PATH", "");
    for (String name : names) {
      for (String dir : path.split(java.io.File.pathSeparator)) {
        Path p = Path.of(dir.isEmpty() ? "." : dir, name);
        if (Files.isExecutable(p)) {
          return Optional.of(new Browser(kind, p));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Opens an address.
   *
   * @param headless without a window
   * @param extra more command-line flags
   */
  public Running open(URI uri, boolean headless, List<String> extra) throws IOException {
    Path profile = Files.createTempDirectory("nnjit-browser");
    List<String> command = new ArrayList<>(List.of(executable.toString()));
    if (kind.equals("firefox")) {
      Files.writeString(
          profile.resolve("user.js"),
          """
          user_pref("browser.shell.checkDefaultBrowser", false);
          user_pref("datareporting.policy.dataSubmissionEnabled", false);
          user_pref("toolkit.telemetry.enabled", false);
          user_pref("app.update.enabled", false);
          user_pref("browser.aboutwelcome.enabled", false);
          user_pref("network.captive-portal-service.enabled", false);
          user_pref("network.connectivity-service.enabled", false);
          user_pref("browser.safebrowsing.malware.enabled", false);
          user_pref("browser.safebrowsing.phishing.enabled", false);
          user_pref("services.settings.server", "");
          user_pref("dom.webgpu.enabled", true);
          user_pref("gfx.webgpu.ignore-blocklist", true);
          """);
      if (headless) {
        command.add("--headless");
      }
      command.addAll(List.of("--no-remote", "--profile", profile.toString()));
    } else {
      if (headless) {
        command.add("--headless=new");
      }
      if ("root".equals(System.getProperty("user.name"))) {
        command.add("--no-sandbox");
      }
      command.addAll(
          List.of(
              "--disable-quic",
              "--no-first-run",
              "--disable-background-networking",
              "--disable-component-update",
              "--disable-sync",
              "--user-data-dir=" + profile));
    }
    command.addAll(extra);
    command.add(uri.toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(profile.resolve("nnjit-output.txt").toFile())
            .start();
    return new Running(process, profile);
  }

  /** A browser under way; closing it ends the whole process tree and deletes the profile. */
  public record Running(Process process, Path profile) implements AutoCloseable {
    @Override
    public void close() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      try {
        process.waitFor(5, TimeUnit.SECONDS);
        for (int attempt = 0; attempt < 5 && Files.exists(profile); attempt++) {
          delete(profile);
          Thread.sleep(100);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private static void delete(Path dir) {
      try (Stream<Path> files = Files.walk(dir)) {
        for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(p);
        }
      } catch (IOException | java.io.UncheckedIOException e) {
        // The browser may still be writing its last files: the caller tries again.
      }
    }
  }
}
