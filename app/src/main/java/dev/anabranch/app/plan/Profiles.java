package dev.anabranch.app.plan;

import dev.anabranch.core.DeviceProfile;
import java.util.List;

/**
 * Kinds of device, from published figures.
 *
 * <p>Speed: multiply-accumulates a second in 32-bit floats, half of what the data sheet's units can
 * issue (one fused multiply-add is one), because long matrix products on such parts reach about
 * half. Memory: what a visit may use; all of a board's, half of a phone's or laptop's, whose owner
 * runs other things. Lines: global means of the Speedtest Global Index, September 2020: mobile
 * 35.96 Mbit/s down, 11.22 up, 40 ms there and back; fixed 85.73, 45.74, 21 ms.
 */
public final class Profiles {
  private static final long GIB = 1L << 30;
  private static final double MBIT = 1e6 / 8;
  private static final String SPEEDTEST = "; line: Speedtest Global Index, September 2020, ";

  /** All of them. */
  public static final List<DeviceProfile> ALL =
      List.of(
          fixed(
              "raspberry-pi-5",
              38.4e9,
              4 * GIB,
              "Raspberry Pi 5 product brief (4 Cortex-A76 at 2.4 GHz, 4 GB); Arm Cortex-A76"
                  + " Software Optimization Guide (two 128-bit multiply-adds a cycle: 8 MAC)"),
          fixed(
              "jetson-tx2",
              166.5e9,
              8 * GIB,
              "NVIDIA Jetson TX2 Series data sheet (256 Pascal cores at 1.30 GHz, 8 GB)"),
          fixed(
              "jetson-xavier-nx",
              211.2e9,
              8 * GIB,
              "NVIDIA Jetson Xavier NX data sheet (384 Volta cores at 1.10 GHz, 8 GB), without its"
                  + " tensor cores"),
          mobile(
              "mid-range-phone",
              36e9,
              3 * GIB,
              "Qualcomm Snapdragon 778G product brief (Cortex-A78 cores, 1 at 2.4 and 3 at 2.2"
                  + " GHz); Arm Cortex-A78 Software Optimization Guide (8 MAC a cycle); half of 6"
                  + " GB"),
          mobile(
              "high-end-phone",
              89e9,
              6 * GIB,
              "Qualcomm Snapdragon 8 Gen 3 product brief (Cortex-X4 at 3.3 GHz, Cortex-A720 3 at"
                  + " 3.2 and 2 at 3.0 GHz); Arm optimization guides (16 and 8 MAC a cycle); half"
                  + " of 12 GB"),
          fixed(
              "laptop",
              121.6e9,
              8 * GIB,
              "AMD Ryzen 7 5800U specifications (8 cores at 1.9 GHz base); AMD Software"
                  + " Optimization Guide for family 19h (two 256-bit multiply-adds a cycle: 16"
                  + " MAC); half of 16 GB"),
          new DeviceProfile(
              "datacentre-host",
              4.875e12,
              80 * GIB,
              10_000 * MBIT,
              10_000 * MBIT,
              0.0005,
              "NVIDIA A100 data sheet (19.5 TFLOPS in 32-bit floats, half of it, two to a MAC; 80"
                  + " GB); line: 10 Gbit/s Ethernet, half a millisecond assumed"));

  private Profiles() {}

  private static DeviceProfile fixed(String name, double macs, long memory, String source) {
    return new DeviceProfile(
        name,
        macs,
        memory,
        85.73 * MBIT,
        45.74 * MBIT,
        0.0105,
        source + SPEEDTEST + "fixed broadband");
  }

  private static DeviceProfile mobile(String name, double macs, long memory, String source) {
    return new DeviceProfile(
        name, macs, memory, 35.96 * MBIT, 11.22 * MBIT, 0.020, source + SPEEDTEST + "mobile");
  }
}
