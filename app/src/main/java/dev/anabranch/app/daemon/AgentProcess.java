package dev.anabranch.app.daemon;

import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.Provenance;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.fabrics.grpc.Agent;
import dev.anabranch.fabrics.grpc.AgentPort;
import dev.anabranch.fabrics.grpc.RunWiring;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.service.AgentRole;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A device, or a body's host, as it runs for weeks: attends in its hours, renews its certificate,
 * waits for a coordinator that is away. Thread-safe.
 */
public final class AgentProcess implements AutoCloseable {
  private static final Duration LOOK = Duration.ofSeconds(30);
  private static final Duration AGAIN = Duration.ofSeconds(3);

  private final Settings settings;
  private final RunWiring wiring;
  private final SentRecord sent;
  private final InstantSource clock;
  private final Consumer<String> notes;
  private final Duration look;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile @Nullable Agent agent;

  /**
   * What an agent process is.
   *
   * @param home folder of its key, its memories and its record of what it sent
   * @param token of an enrolment; null: it is enrolled
   * @param own whether it has examples of its own
   * @param insecure where it dials without TLS, under which name; null: over TLS
   */
  public record Settings(
      AgentRole role,
      Path home,
      @Nullable String token,
      boolean own,
      OwnerLimits limits,
      @Nullable Insecure insecure) {}

  /** An unencrypted coordinator on the loopback. */
  public record Insecure(String address, String name) {}

  public AgentProcess(
      Settings settings, RunWiring wiring, InstantSource clock, Consumer<String> notes) {
    this(settings, wiring, clock, LOOK, notes);
  }

  /**
   * @param look how often hours and certificate are looked at
   */
  public AgentProcess(
      Settings settings,
      RunWiring wiring,
      InstantSource clock,
      Duration look,
      Consumer<String> notes) {
    this.look = look;
    this.settings = settings;
    this.wiring = wiring;
    this.clock = clock;
    this.notes = notes;
    sent = new SentRecord(settings.home(), clock, settings.limits().bytesPerSecond());
  }

  /** Makes the key and has it signed, if there is a token and no identity yet. */
  public void enrol() {
    var token = settings.token();
    if (settings.insecure() != null) {
      return;
    }
    if (token != null) {
      var identity = AgentIdentity.enrol(settings.home(), token, clock);
      notes.accept("enrolled as " + identity.role().word() + " " + identity.name());
    }
    var role = AgentIdentity.open(settings.home()).role();
    if (role != settings.role()) {
      throw AnabranchException.expected(
          Failure.REFUSED,
          "role",
          role.word() + " by its certificate",
          settings.role().word() + "; start 'anabranch " + role.word() + "' or enrol it anew");
    }
  }

  /** Attends until it is closed, or refused. */
  public void run() throws InterruptedException {
    while (closed.getCount() > 0) {
      if (!settings.limits().open(timeOfDay())) {
        closed.await(look.toMillis(), TimeUnit.MILLISECONDS);
        continue;
      }
      try {
        attend();
      } catch (AnabranchException e) {
        if (e.failure() != Failure.UNREACHABLE) {
          throw e;
        }
        notes.accept(e.getMessage() + "; trying again");
        closed.await(AGAIN.toMillis(), TimeUnit.MILLISECONDS);
      }
    }
  }

  private LocalTime timeOfDay() {
    return LocalTime.ofInstant(clock.instant(), ZoneId.systemDefault());
  }

  private void attend() {
    var duty = new AgentPort.Duty(wiring, settings.home().resolve("memories"), sent, notes);
    var insecure = settings.insecure();
    Agent attending;
    boolean renews;
    if (insecure != null) {
      AgentIdentity.tellUnencrypted(insecure.address(), insecure.name(), profile());
      attending = AgentPort.attend(address(insecure.address()), insecure.name(), duty);
      renews = false;
    } else {
      var identity = AgentIdentity.open(settings.home()).renewed(settings.home(), clock);
      identity.tell(profile(), clock);
      attending =
          AgentPort.attend(
              address(identity.coordinator()),
              identity.key(),
              identity.certificate(),
              identity.authority(),
              duty);
      renews = true;
    }
    agent = attending;
    if (closed.getCount() == 0) {
      attending.close();
    }
    var watch = Thread.ofVirtual().name("hours and renewal").start(() -> watch(attending, renews));
    var refused = attending.await();
    watch.interrupt();
    attending.close();
    if (refused != null) {
      // The transport puts the name of its status before what the coordinator says.
      throw new AnabranchException(Failure.REFUSED, refused.replaceFirst("^[A-Z_]+: ", ""));
    }
  }

  /** Ends an attendance that is due for a new certificate, or out of hours. */
  private void watch(Agent attending, boolean renews) {
    try {
      while (!closed.await(look.toMillis(), TimeUnit.MILLISECONDS)) {
        boolean due = renews && due();
        if (due || !settings.limits().open(timeOfDay())) {
          notes.accept(due ? "renews its certificate" : "stops for today: out of hours");
          break;
        }
      }
      attending.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean due() {
    try {
      var known = AgentIdentity.open(settings.home());
      return !known.equals(known.renewed(settings.home(), clock));
    } catch (AnabranchException e) {
      notes.accept("certificate: not renewed: " + e.getMessage());
      return false;
    }
  }

  private static AgentPort.Address address(String text) {
    int colon = text.lastIndexOf(':');
    try {
      return new AgentPort.Address(
          text.substring(0, Math.max(colon, 0)).replaceAll("[\\[\\]]", ""),
          Integer.parseInt(text.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw AnabranchException.expected(Failure.USAGE, "--coordinator", text, "host:port");
    }
  }

  private String profile() {
    var out = new LinkedHashMap<String, Object>();
    var limits = settings.limits();
    out.put("role", settings.role().word());
    out.put("version", Provenance.version());
    out.put("os", Objects.requireNonNullElse(System.getProperty("os.name"), "unknown"));
    out.put("cores", Runtime.getRuntime().availableProcessors());
    out.put("data", settings.own() ? "own" : "of the plan");
    if (limits.lanes() > 0) {
      out.put("lanes", limits.lanes());
    }
    if (limits.memoryBytes() > 0) {
      out.put("memoryBytes", limits.memoryBytes());
    }
    if (limits.bytesPerSecond() > 0) {
      out.put("bytesPerSecond", limits.bytesPerSecond());
    }
    if (!limits.methods().isEmpty()) {
      out.put("methods", limits.methods());
    }
    return Json.compact(out);
  }

  @Override
  public void close() {
    closed.countDown();
    var attending = agent;
    if (attending != null) {
      attending.close();
    }
    sent.close();
  }
}
