package dev.anabranch.service.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.linecorp.armeria.common.HttpMethod;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.fabrics.grpc.AgentPort;
import dev.anabranch.fabrics.grpc.SentLog;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import dev.anabranch.service.OperatorApi;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Whoever should not get in, and whatever should not be taken; the coordinator stays unharmed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusalsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final InstantSource NOW = InstantSource.system();

  /** By how much the coordinator's clock is ahead. */
  private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);

  /** All tests are refused by the same one. */
  @TempDir private static Path coordinator;

  private Path folder;

  private Started started;
  private OperatorApi admin;

  @BeforeAll
  void start() {
    CoordinatorDaemon.init(coordinator, Started.settings(""), NOW);
    started = Started.again(coordinator, false, false, () -> NOW.instant().plus(ahead.get()));
    admin = started.admin();
  }

  @BeforeEach
  void own(@TempDir Path own) {
    folder = own;
  }

  @AfterEach
  void staysUnharmed() {
    assertThat(admin.get("/health")).isEqualTo("{\"alive\":true}");
    assertThat(json(admin.get("/api/v1/audit")).path("intact").asBoolean()).isTrue();
  }

  @AfterAll
  void stop() {
    admin.close();
    started.close();
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new AssertionError(text, e);
    }
  }

  private String token(String name, int seconds) {
    return json(admin.post(
            "/api/v1/enrolments",
            "{\"name\":\"" + name + "\",\"expiresInSeconds\":" + seconds + "}"))
        .path("token")
        .asText();
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable doing, String start) {
    assertThatThrownBy(doing)
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith(start)
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.REFUSED);
  }

  private List<String> audited(String action) {
    var out = new ArrayList<String>();
    json(admin.get("/api/v1/audit"))
        .path("entries")
        .forEach(entry -> {
          if (entry.path("action").asText().equals(action)) {
            out.add(entry.path("detail").asText());
          }
        });
    return out;
  }

  private OperatorFile operator() {
    return OperatorFile.read(coordinator.resolve("operator.json"));
  }

  private HttpClient http() {
    return HttpClient.newBuilder()
        .sslContext(new CoordinatorTrust(operator().fingerprint(), NOW).context(null))
        .build();
  }

  private HttpResponse<String> send(String method, String path, String body, String... headers) {
    var request =
        HttpRequest.newBuilder(URI.create(operator().coordinator() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    try (var http = http()) {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void tokensOfTheWrongKindAreRefused() {
    var unknown = new Tokens.Enrolment(Tokens.secret(), operator().fingerprint(), address());
    assertRefused(
        () -> AgentIdentity.enrol(folder.resolve("d"), unknown.token(), NOW), "token: unknown");
    var other = new Tokens.Enrolment(Tokens.secret(), new byte[32], address());
    assertRefused(
        () -> AgentIdentity.enrol(folder.resolve("d"), other.token(), NOW),
        "coordinator: its certificate comes from another authority");
    assertThatThrownBy(() -> AgentIdentity.enrol(folder.resolve("d"), "abe_xx", NOW))
        .hasMessage(
            "token: abe_xx (expected: what 'anabranch enrol' printed, whole: it begins with abe_)");
    assertThat(folder.resolve("d")).doesNotExist();
    assertThat(audited("refused")).anyMatch(why -> why.startsWith("token: unknown"));
  }

  private String address() {
    return operator().coordinator().replace("https://", "");
  }

  @Test
  void clockThatIsOffIsNamed() {
    InstantSource past = () -> Instant.parse("2001-02-03T04:05:06Z");
    assertRefused(
        () -> AgentIdentity.enrol(folder.resolve("d"), token("ward-3", 60), past),
        "clock: 2001-02-03T04:05:06Z (expected: a time at which the coordinator's certificate is"
            + " valid; it is valid from ");
  }

  @Test
  void certificatesThatDoNotCountAreRefusedByName() throws Exception {
    var identity = AgentIdentity.enrol(folder.resolve("d"), token("ward-1", 60), NOW);
    identity.tell("{\"cores\":2}", NOW);
    var foreign = Authority.create(Files.createDirectory(folder.resolve("other")), NOW);
    var theirs =
        foreign.ofAgent(
            identity.certificate().getPublicKey(), "ward-1", AgentRole.DEVICE, Duration.ofDays(1));
    assertThatThrownBy(() -> with(identity, theirs).tell("{}", NOW))
        .isInstanceOf(AnabranchException.class);
    var authority = Authority.open(coordinator, NOW);
    var second =
        authority.ofAgent(
            identity.certificate().getPublicKey(), "ward-1", AgentRole.DEVICE, Duration.ofDays(1));
    assertRefused(
        () -> with(identity, second).tell("{}", NOW), "certificate of ward-1: replaced by");
    var stranger =
        authority.ofAgent(
            identity.certificate().getPublicKey(), "x", AgentRole.DEVICE, Duration.ofDays(1));
    assertRefused(
        () -> with(identity, stranger).tell("{}", NOW), "certificate of x: not enrolled here");
    admin.post("/api/v1/devices/ward-1/revoke", "{}");
    assertRefused(() -> identity.tell("{}", NOW), "certificate of ward-1: revoked on ");
    assertThat(audited("refused"))
        .anyMatch(why -> why.startsWith("certificate of 'CN=ward-1,OU=device' (expected: one that"))
        .anyMatch(why -> why.startsWith("certificate of ward-1: replaced"))
        .anyMatch(why -> why.startsWith("certificate of ward-1: revoked"));
  }

  @Test
  void expiredCertificateIsRefusedAtBothDoors() {
    var identity = AgentIdentity.enrol(folder.resolve("e"), token("ward-2", 60), NOW);
    identity.tell("{\"cores\":2}", NOW);
    var until = identity.certificate().getNotAfter().toInstant();
    ahead.set(Duration.ofDays(91));
    try {
      var why = "certificate of ward-2: expired on " + until + " (expected: valid at ";
      assertRefused(() -> identity.tell("{}", NOW), why);
      var url = URI.create(operator().coordinator());
      var duty =
          new AgentPort.Duty(
              (run, plan) -> {
                throw new AssertionError("offered " + run);
              },
              folder.resolve("e/memories"),
              SentLog.NONE,
              note -> {});
      try (var agent =
          AgentPort.attend(
              new AgentPort.Address(url.getHost(), url.getPort()),
              identity.key(),
              identity.certificate(),
              identity.authority(),
              duty)) {
        assertThat(agent.await()).contains(why).endsWith("enrol the device again)");
      }
      assertThat(json(admin.get("/api/v1/devices")).path("devices").toString())
          .contains("\"state\":\"expired\"");
    } finally {
      ahead.set(Duration.ZERO);
    }
    identity.tell("{}", NOW);
  }

  private static AgentIdentity with(AgentIdentity identity, X509Certificate certificate) {
    return new AgentIdentity(
        identity.name(),
        identity.role(),
        identity.coordinator(),
        identity.key(),
        certificate,
        identity.authority());
  }

  @Test
  void rolesAreKept() throws IOException {
    assertThat(send("GET", "/api/v1/runs", "").statusCode()).isEqualTo(401);
    var wrong = send("GET", "/api/v1/runs", "", "authorization", "Bearer abo_nothing");
    assertThat(wrong.statusCode()).isEqualTo(401);
    assertThat(wrong.headers().firstValue("content-type")).hasValue("application/problem+json");
    assertThat(json(wrong.body()).path("detail").asText())
        .isEqualTo("token: unknown (expected: one that counts; an admin may have replaced it)");
    var viewer =
        json(admin.post("/api/v1/operators", "{\"name\":\"eve\",\"role\":\"viewer\"}"))
            .path("token")
            .asText();
    var bearer = new String[] {"authorization", "Bearer " + viewer};
    assertThat(send("GET", "/api/v1/runs", "", bearer).statusCode()).isEqualTo(200);
    var refused = send("POST", "/api/v1/runs", "count 1", bearer);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(json(refused.body()).path("detail").asText())
        .isEqualTo("role of eve: viewer (expected: operator or admin)");
    assertThat(json(refused.body()).path("exitCode").asInt()).isEqualTo(41);
    assertThat(send("GET", "/api/v1/audit", "", bearer).statusCode()).isEqualTo(403);
    admin.delete("/api/v1/operators/eve");
    assertThat(send("GET", "/api/v1/runs", "", bearer).statusCode()).isEqualTo(401);
    assertThat(Files.getPosixFilePermissions(coordinator.resolve("operator.json")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(Files.getPosixFilePermissions(coordinator.resolve("authority.key")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    try (var all = Files.walk(coordinator)) {
      for (var file : all.filter(Files::isRegularFile).toList()) {
        if (!file.endsWith("operator.json")) {
          assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
              .as(file.toString())
              .doesNotContain(operator().token())
              .doesNotContain(viewer);
        }
      }
    }
  }

  @Test
  void browserLogsInWithACookieThatScriptsCannotRead() {
    var login = send("POST", "/api/v1/session", "{\"token\":\"" + operator().token() + "\"}");
    assertThat(login.statusCode()).isEqualTo(200);
    var cookie = login.headers().firstValue("set-cookie").orElseThrow();
    assertThat(cookie)
        .containsIgnoringCase("HttpOnly")
        .contains("Secure")
        .contains("SameSite=Strict");
    var value = cookie.replaceFirst(";.*", "");
    assertThat(send("GET", "/api/v1/session", "", "cookie", value).body())
        .isEqualTo("{\"name\":\"admin\",\"role\":\"admin\"}");
    var foreign =
        send("POST", "/api/v1/runs", "count 1", "cookie", value, "sec-fetch-site", "same-site");
    assertThat(foreign.statusCode()).isEqualTo(401);
  }

  @Test
  void inputIsBounded() {
    var bearer = new String[] {"authorization", "Bearer " + operator().token()};
    assertThat(send("POST", "/api/v1/runs", "x".repeat((1 << 20) + 1), bearer).statusCode())
        .isEqualTo(413);
    assertThat(send("POST", "/api/v1/enrolments", "{\"name\":", bearer).statusCode())
        .isEqualTo(400);
    assertThat(send("POST", "/api/v1/enrolments", "{\"name\":\"../../x\"}", bearer).body())
        .contains("1 to 64 letters, digits");
    for (var path :
        new String[] {
          "/api/v1/runs/..%2f..%2fauthority.key",
          "/api/v1/runs/%2e%2e/files/plan.yaml",
          "/api/v1/runs/x/files/..%2f..%2fauthority.key",
          "/..%2fapplication.yaml",
          "/api/v1/nothing"
        }) {
      assertThat(send("GET", path, "", bearer).statusCode()).as(path).isIn(400, 404);
    }
    assertThat(send("GET", "/api/v1/runs?limit=many", "", bearer).body())
        .contains("limit: many (expected: a whole number, 1 to 1000)");
    assertThat(send("POST", "/api/v1/enrol", "{\"token\":\"x\",\"request\":\"AAAA\"}").body())
        .contains("request for a certificate: cannot be read (expected: a PKCS #10 request)");
    var large = Base64.getEncoder().encodeToString(new byte[5000]);
    assertThat(
            send("POST", "/api/v1/enrol", "{\"token\":\"x\",\"request\":\"" + large + "\"}").body())
        .contains("5000 bytes (expected: at most 4096)");
  }

  @Test
  void garbageAndSlowHeadersAreCutOff() throws Exception {
    var url = URI.create(operator().coordinator());
    try (var socket = new Socket(url.getHost(), url.getPort())) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(socket.getInputStream().readAllBytes()).hasSizeLessThan(100);
    }
  }

  @Test
  void slowLorisIsClosedAlthoughItKeepsTalking() throws Exception {
    var authority = Authority.open(coordinator, NOW);
    var own = authority.ofPort(coordinator, List.of("127.0.0.1"), Duration.ofDays(1));
    var url = folder.resolve("other.db");
    try (var store = Store.open(Store.sqlite(url), folder.resolve("other.witness"), NOW, false)) {
      var registry = new Registry(store, NOW, false);
      var port =
          HttpPort.open(
              new java.net.InetSocketAddress("127.0.0.1", 0),
              new HttpPort.Tls(own, authority.certificate(), why -> {}),
              List.of(),
              new Gate(store, registry, note -> {}),
              new Metrics(store, registry, own.certificate(), NOW),
              builder -> {},
              Duration.ofMillis(400));
      try (port;
          var socket =
              (SSLSocket)
                  new CoordinatorTrust(authority.fingerprint(), NOW)
                      .context(null)
                      .getSocketFactory()
                      .createSocket("127.0.0.1", port.number())) {
        socket.startHandshake();
        var out = socket.getOutputStream();
        assertThatThrownBy(
                () -> {
                  while (true) {
                    out.write('x');
                    out.flush();
                  }
                })
            .isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void portThatIsTakenIsNamed() throws IOException {
    try (var taken = new ServerSocket(0)) {
      var start = new CoordinatorDaemon.Start(taken.getLocalPort(), false, false, NOW, note -> {});
      CoordinatorDaemon.init(folder.resolve("b"), Started.settings(""), NOW);
      assertThatThrownBy(() ->
              CoordinatorDaemon.start(folder.resolve("b"), start, (a, b) -> new Started.Counting()))
          .isInstanceOf(AnabranchException.class)
          .hasMessageStartingWith("port: " + taken.getLocalPort() + " of 127.0.0.1: ")
          .hasMessageEndingWith(
              " (expected: a free port of this machine; end what listens there, or choose another"
                  + " with --port)")
          .extracting(e -> ((AnabranchException) e).failure())
          .isEqualTo(Failure.IN_USE);
    }
  }

  @Test
  void folderIsOneCoordinatorsAndInsecureIsForTheLoopback() {
    assertThatThrownBy(() -> Started.again(coordinator, false))
        .hasMessageContaining("another process holds it");
    assertThatThrownBy(() -> CoordinatorDaemon.init(coordinator, Started.settings(""), NOW))
        .hasMessageContaining(": a coordinator's folder already (expected: a new or empty folder");
    var wide = CoordinatorSettings.of(List.of("example.org"), 0);
    CoordinatorDaemon.init(folder.resolve("w"), wide, NOW);
    assertThatThrownBy(() -> Started.again(folder.resolve("w"), true))
        .hasMessage(
            "--insecure: with 0.0.0.0 (expected: a loopback address, as 127.0.0.1: without TLS"
                + " whoever is on the line reads and changes everything)");
  }

  @Test
  void everyRouteIsDescribedAndNothingElse() throws IOException {
    var described = new TreeSet<String>();
    var yaml = new YAMLMapper().readTree(HouseEndpoints.openApi());
    assertThat(yaml.path("openapi").asText()).isEqualTo("3.1.0");
    yaml.path("paths")
        .properties()
        .forEach(path ->
            path.getValue()
                .fieldNames()
                .forEachRemaining(method ->
                    described.add(
                        HttpMethod.valueOf(method.toUpperCase(java.util.Locale.ROOT))
                            + " "
                            + path.getKey())));
    assertThat(described).isEqualTo(new TreeSet<>(served()));
    yaml.findValuesAsText("$ref")
        .forEach(ref -> assertThat(yaml.at(ref.substring(1)).isObject()).as(ref).isTrue());
  }

  /** The routes of an open port, without pages and the fallback. */
  private List<String> served() {
    var authority = Authority.open(coordinator, NOW);
    try (var store =
        Store.open(Store.sqlite(folder.resolve("o.db")), folder.resolve("o.witness"), NOW, false)) {
      var registry = new Registry(store, NOW, false);
      var gate = new Gate(store, registry, note -> {});
      var own = authority.ofPort(coordinator, List.of("127.0.0.1"), Duration.ofDays(1));
      var metrics = new Metrics(store, registry, own.certificate(), NOW);
      var endpoints =
          Assembly.endpoints(
              new RunEndpoints(
                  store,
                  new RunDesk(store, registry, new Started.Counting(), folder, NOW, 1, note -> {}),
                  new Followers(),
                  folder),
              new AgentEndpoints(
                  registry,
                  new Enrolling(store, registry, authority, NOW, Duration.ofDays(1)),
                  authority,
                  NOW,
                  () -> ""),
              new HouseEndpoints(store, gate, metrics, NOW, true));
      try (var port =
          HttpPort.open(
              new java.net.InetSocketAddress("127.0.0.1", 0),
              null,
              endpoints,
              gate,
              metrics,
              builder -> {})) {
        return port.routes().stream()
            .filter(route -> !route.patternString().endsWith("/*"))
            .flatMap(route ->
                Stream.of(route.methods().toArray(HttpMethod[]::new))
                    .map(method ->
                        method + " " + route.patternString().replaceAll(":(\\w+)", "{$1}")))
            .toList();
      }
    }
  }

  @Test
  void fingerprintIsThatOfTheAuthority() {
    assertThat(HexFormat.of().formatHex(operator().fingerprint())).hasSize(64);
  }
}
