package dev.anabranch.service;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How a coordinator is reached and where it keeps what it knows.
 *
 * @param hosts names and addresses under which its port is reached; the first is told to devices
 * @param bind address that it listens on
 * @param port 0: one that is free, drawn anew at each start
 * @param database JDBC URL, for SQLite or PostgreSQL; empty: a file of SQLite in the folder
 * @param agentLifetime for which a device's certificate is valid
 * @param runsAtOnce runs that go on at the same time; the others wait
 */
public record CoordinatorSettings(
    List<String> hosts,
    String bind,
    int port,
    String database,
    Duration agentLifetime,
    int runsAtOnce) {
  /** The port where nothing else is said. */
  public static final int PORT = 8470;

  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9.:_-]{1,253}");

  public CoordinatorSettings {
    hosts = List.copyOf(hosts);
    if (hosts.isEmpty() || hosts.size() > 20) {
      throw AnabranchException.expected(
          Failure.USAGE, "--host", hosts.size() + " names", "1 to 20");
    }
    for (var host : hosts) {
      if (!HOST.matcher(host).matches()) {
        throw AnabranchException.expected(
            Failure.USAGE, "--host", "'" + host + "'", "a name or an address, without a port");
      }
    }
    if (port < 0 || port > 65_535) {
      throw AnabranchException.expected(Failure.USAGE, "--port", port, "0 to 65535");
    }
    if (agentLifetime.compareTo(Duration.ofMinutes(1)) < 0
        || agentLifetime.compareTo(Duration.ofDays(3650)) > 0) {
      throw AnabranchException.expected(
          Failure.USAGE, "--lifetime", agentLifetime, "1 minute to 3650 days");
    }
    if (runsAtOnce < 1 || runsAtOnce > 100) {
      throw AnabranchException.expected(Failure.USAGE, "--runs-at-once", runsAtOnce, "1 to 100");
    }
  }

  /** SQLite, certificates of 90 days, one run at a time. */
  public static CoordinatorSettings of(List<String> hosts, int port) {
    return new CoordinatorSettings(hosts, "0.0.0.0", port, "", Duration.ofDays(90), 1);
  }
}
