package org.nnjit.browser;

import org.nnjit.schedule.DeviceProfile;

/** A device's profile as scripts see it: the record's components by name, and usefulThreads. */
final class ProfileJson {
  private ProfileJson() {}

  static String of(DeviceProfile p) {
    Json j = new Json().open("{");
    j.key("clockGhz").value(p.clockGhz());
    j.key("fmaGflops").value(p.fmaGflops());
    j.key("fmaLatencyCycles").value(p.fmaLatencyCycles());
    j.key("fmaPerCycle").value(p.fmaPerCycle());
    j.key("vectorRegisters").value(p.vectorRegisters());
    j.key("l1Bytes").value(p.l1Bytes());
    j.key("l2Bytes").value(p.l2Bytes());
    j.key("l3Bytes").value(p.l3Bytes());
    j.key("l1Gbs").value(p.l1Gbs());
    j.key("l2Gbs").value(p.l2Gbs());
    j.key("l3Gbs").value(p.l3Gbs());
    j.key("memoryGbs").value(p.memoryGbs());
    j.key("splatCost").value(p.splatCost());
    j.key("barrierMicros").value(p.barrierMicros());
    j.key("threadScaling").open("[");
    for (double s : p.threadScaling()) {
      j.value(s);
    }
    j.close("]").key("usefulThreads").value(p.usefulThreads());
    return j.close("}").toString();
  }
}
