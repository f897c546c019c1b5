package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nnjit.server.Browser;
import org.nnjit.server.PageServer;

/** The device page measures, remembers and draws. Values must be sane; none must be fast. */
class DeviceTest {
  @Test
  void chromiumIsMeasuredWithThreads() throws Exception {
    JsonObject device = check("chromium", true);
    int threads = Math.min(8, device.get("hardwareConcurrency").getAsInt());
    assertEquals(threads, device.getAsJsonArray("scaling").size());
    assertEquals(threads > 1, !device.get("barrierMicros").isJsonNull());
    if (threads > 1) {
      within(device, "barrierMicros", 0.001, 100_000);
    }
  }

  @Test
  void chromiumIsMeasuredWithoutIsolation() throws Exception {
    JsonObject device = check("chromium", false);
    assertEquals(1, device.getAsJsonArray("scaling").size());
    assertTrue(device.get("barrierMicros").isJsonNull());
  }

  @Test
  void firefoxIsMeasuredWithThreads() throws Exception {
    check("firefox", true);
  }

  private static JsonObject check(String kind, boolean isolated) throws Exception {
    Browser browser = Suite.browser(kind);
    PageServer.Options options =
        new PageServer.Options("127.0.0.1", 0, isolated, List.of(), Map.of());
    try (PageServer server = PageServer.start(options);
        Browser.Running running =
            browser.open(server.uri("/web/device.html?report=device"), true, List.of())) {
      assertTrue(running.process().isAlive());
      String json = server.awaitReport("device", Duration.ofMinutes(1));
      JsonObject report = JsonParser.parseString(json).getAsJsonObject();
      assertFalse(report.has("failure"), () -> "the page failed: " + report.get("failure"));
      JsonObject device = report.getAsJsonObject("device");
      System.out.println(kind + ", isolated " + isolated + ": " + device);
      assertEquals(device, report.get("again"), "a measurement is remembered");
      JsonObject fresh = report.getAsJsonObject("fresh");
      assertEquals(1, fresh.getAsJsonArray("scaling").size());
      assertFalse(fresh.get("millis").equals(device.get("millis")), "fresh measures again");
      assertEquals(isolated, device.get("isolated").getAsBoolean());
      sane(device);
      sane(fresh);
      return device;
    }
  }

  private static void sane(JsonObject device) {
    rates(device.getAsJsonArray("madd"), device.get("relaxedSimd").getAsBoolean() ? 23 : 0);
    rates(device.getAsJsonArray("mulAdd"), 23);
    rates(device.getAsJsonArray("scaling"), device.getAsJsonArray("scaling").size());
    JsonArray memory = device.getAsJsonArray("memory");
    assertEquals(27, memory.size());
    for (JsonElement m : memory) {
      within(m.getAsJsonObject(), "readGbs", 0.01, 10_000);
      within(m.getAsJsonObject(), "latencyNanos", 0.5, 10_000);
    }
    within(device, "dotI16Gops", 0.01, 10_000);
    within(device, "splatCost", 0.1, 20);
    within(device, "timerMicros", 0.1, 20_000);
    within(device.getAsJsonObject("tierUp"), "slowGflops", 0.001, 1000);
    JsonObject profile = device.getAsJsonObject("profile");
    within(profile, "clockGhz", 0.05, 10);
    within(profile, "fmaGflops", 0.05, 1000);
    within(profile, "fmaLatencyCycles", 1, 50);
    within(profile, "fmaPerCycle", 0.02, 16);
    within(profile, "vectorRegisters", 2, 37);
    within(profile, "memoryGbs", 0.01, 1000);
    int l1 = profile.get("l1Bytes").getAsInt();
    int l2 = profile.get("l2Bytes").getAsInt();
    int l3 = profile.get("l3Bytes").getAsInt();
    assertTrue(l1 >= 0 && l1 < 64 << 20, "l1Bytes " + l1);
    assertTrue(l2 == 0 || l2 > l1, "l2Bytes " + l2 + ", l1Bytes " + l1);
    assertTrue(l3 == 0 || l3 > l2, "l3Bytes " + l3 + ", l2Bytes " + l2);
    int threads = profile.getAsJsonArray("threadScaling").size();
    assertEquals(device.getAsJsonArray("scaling").size(), threads);
    within(profile, "usefulThreads", 1, threads);
  }

  private static void rates(JsonArray list, int size) {
    assertEquals(size, list.size());
    for (JsonElement e : list) {
      within(e.getAsJsonObject(), "gflops", 0.01, 10_000);
    }
  }

  private static void within(JsonObject of, String name, double least, double most) {
    double v = of.get(name).getAsDouble();
    assertTrue(v >= least && v <= most, name + " is " + v + ", wanted " + least + " to " + most);
  }
}
