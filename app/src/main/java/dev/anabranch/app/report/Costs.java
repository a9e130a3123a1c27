package dev.anabranch.app.report;

import java.util.SortedMap;

/**
 * What a run cost.
 *
 * @param setup bytes of frozen weights put on devices before their first visit
 * @param down payload bytes to devices
 * @param up payload bytes from devices
 * @param framing bytes on the devices' links that stand for no value
 * @param backbone payload bytes between coordinator and body
 * @param byTopic payload bytes on the devices' links
 * @param busiestMacs MACs of the device that computed most
 * @param allDevicesMacs MACs of all devices together
 * @param devicePeak most native bytes of a visit
 * @param visitPeak most native bytes of a visit, in the mean over visits
 */
public record Costs(
    long setup,
    long down,
    long up,
    long framing,
    long backbone,
    SortedMap<String, Long> byTopic,
    long busiestMacs,
    long allDevicesMacs,
    long bodyMacs,
    long coordinatorMacs,
    long devicePeak,
    long bodyPeak,
    long coordinatorPeak,
    double visitPeak) {
  /** Payload bytes on the devices' links. */
  public long total() {
    return down + up;
  }

  /** The same with what was installed before first visits. */
  public long withSetup() {
    return down + up + setup;
  }
}
