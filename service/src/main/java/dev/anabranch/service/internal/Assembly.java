package dev.anabranch.service.internal;

import dev.anabranch.fabrics.grpc.CoordinatorPort;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Puts a coordinator together. Not thread-safe. */
public final class Assembly {
  private static final Duration PORT_LIFETIME = Duration.ofDays(800);
  private static final int SAVED_EVERY_SECONDS = 10;

  private final Folder folder;
  private final CoordinatorSettings settings;
  private final CoordinatorDaemon.Start start;
  private int port;

  public Assembly(Folder folder, CoordinatorSettings settings, CoordinatorDaemon.Start start) {
    this.folder = folder;
    this.settings = settings;
    this.start = start;
    this.port = start.port() < 0 ? settings.port() : start.port();
  }

  /** Opens everything; what is to be closed is pushed, what was opened last is closed first. */
  public void open(Deque<AutoCloseable> parts, CoordinatorDaemon.Maker maker) {
    var clock = start.clock();
    var authority = Authority.open(folder.path(), clock);
    var store =
        Store.open(folder.database(settings), folder.witness(), clock, start.acceptRestored());
    parts.push(store);
    var registry = new Registry(store, clock, start.insecure());
    parts.push(registry::save);
    var agents = new CoordinatorPort(new Door(registry));
    parts.push(agents);
    registry.onExpelled(agents::expel);
    SafeFiles.privateFolder(folder.runs());
    SafeFiles.privateFolder(folder.scratch());
    var desk =
        new RunDesk(
            store,
            registry,
            maker.executor(registry, agents.attendance()),
            folder.runs(),
            clock,
            settings.runsAtOnce(),
            start.notes());
    var followers = new Followers();
    var own = authority.ofPort(folder.path(), settings.hosts(), PORT_LIFETIME);
    var metrics = new Metrics(store, registry, own.certificate(), clock);
    var gate = new Gate(store, registry, start.notes());
    var enrolling = new Enrolling(store, registry, authority, clock, settings.agentLifetime());
    var endpoints =
        endpoints(
            new RunEndpoints(store, desk, followers, folder.scratch()),
            new AgentEndpoints(registry, enrolling, authority, clock, () -> address()),
            new HouseEndpoints(store, gate, metrics, clock, !start.insecure()));
    var listening =
        HttpPort.open(
            new InetSocketAddress(settings.bind(), port),
            tls(own, authority, registry),
            endpoints,
            gate,
            metrics,
            agents::mount);
    port = listening.number();
    tellOperator();
    parts.push(listening);
    parts.push(followers);
    parts.push(desk);
    var saving = Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().factory());
    saving.scheduleWithFixedDelay(
        () -> saved(registry), SAVED_EVERY_SECONDS, SAVED_EVERY_SECONDS, TimeUnit.SECONDS);
    parts.push(saving::shutdownNow);
    desk.resume();
  }

  /** All that is served over HTTP. */
  static List<Endpoint> endpoints(RunEndpoints runs, AgentEndpoints agents, HouseEndpoints house) {
    var out = new ArrayList<>(runs.all());
    out.addAll(agents.all());
    out.addAll(house.all());
    return out;
  }

  /** Between the transport and who is enrolled. */
  private record Door(Registry registry) implements CoordinatorPort.Doorkeeper {
    @Override
    public @Nullable String refuse(String agent, @Nullable X509Certificate certificate) {
      return registry.refuse(agent, certificate);
    }

    @Override
    public void came(String agent) {
      registry.attends(agent);
    }

    @Override
    public void left(String agent, String reason) {
      registry.gone(agent);
    }
  }

  /** The file in the folder always says how this start is reached. */
  private void tellOperator() {
    if (Files.exists(folder.operatorFile())) {
      var known = OperatorFile.read(folder.operatorFile());
      if (!known.coordinator().equals(url())) {
        new OperatorFile(url(), known.fingerprint(), known.token()).write(folder.operatorFile());
      }
    }
  }

  private void saved(Registry registry) {
    try {
      registry.save();
    } catch (RuntimeException e) {
      start.notes().accept("devices: not saved: " + e.getMessage());
    }
  }

  private HttpPort.@Nullable Tls tls(Authority.Issued own, Authority authority, Registry registry) {
    return start.insecure()
        ? null
        : new HttpPort.Tls(
            own,
            authority.certificate(),
            why -> registry.refused("a connection", "certificate", why));
  }

  private String address() {
    return Folder.authority(settings, port);
  }

  /** Where it is reached; known once it is open. */
  public String url() {
    return (start.insecure() ? "http://" : "https://") + address();
  }
}
