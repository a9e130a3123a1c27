package dev.anabranch.core;

/**
 * A kind of device, for the virtual clock and for the check of memory.
 *
 * @param macsPerSecond sustained multiply-accumulates a second in training
 * @param memoryBytes that a visit may use
 * @param downBytesPerSecond towards the device
 * @param upBytesPerSecond from the device
 * @param latencySeconds one way
 * @param source where the numbers come from
 */
public record DeviceProfile(
    String name,
    double macsPerSecond,
    long memoryBytes,
    double downBytesPerSecond,
    double upBytesPerSecond,
    double latencySeconds,
    String source) {
  /** The same device with both rates of its line times a factor. */
  public DeviceProfile withBandwidth(double factor) {
    return factor == 1
        ? this
        : new DeviceProfile(
            name,
            macsPerSecond,
            memoryBytes,
            downBytesPerSecond * factor,
            upBytesPerSecond * factor,
            latencySeconds,
            source + "; line times " + factor);
  }
}
