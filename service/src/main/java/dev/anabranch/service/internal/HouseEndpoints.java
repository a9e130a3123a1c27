package dev.anabranch.service.internal;

import com.linecorp.armeria.common.Cookie;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.service.OperatorRole;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Operators, the audit log, sessions of browsers, health and metrics over HTTP. Thread-safe. */
final class HouseEndpoints {
  private static final int LIMIT = 1 << 14;

  private final Store store;
  private final Gate gate;
  private final Metrics metrics;
  private final InstantSource clock;
  private final boolean tls;

  HouseEndpoints(Store store, Gate gate, Metrics metrics, InstantSource clock, boolean tls) {
    this.store = store;
    this.gate = gate;
    this.metrics = metrics;
    this.clock = clock;
    this.tls = tls;
  }

  List<Endpoint> all() {
    return List.of(
        Endpoint.get("/health", null, call -> Endpoint.json(Map.of("alive", true))),
        Endpoint.get("/ready", null, this::ready),
        Endpoint.get("/metrics", OperatorRole.VIEWER, this::metrics),
        Endpoint.get("/api/v1/openapi.yaml", null, this::description),
        Endpoint.get("/api/v1/audit", OperatorRole.ADMIN, this::audit),
        Endpoint.get("/api/v1/operators", OperatorRole.ADMIN, this::operators),
        Endpoint.post("/api/v1/operators", OperatorRole.ADMIN, LIMIT, this::addOperator),
        Endpoint.delete("/api/v1/operators/{name}", OperatorRole.ADMIN, this::removeOperator),
        Endpoint.get("/api/v1/session", OperatorRole.VIEWER, this::session),
        Endpoint.post("/api/v1/session", null, LIMIT, this::login),
        Endpoint.delete("/api/v1/session", null, this::logout));
  }

  private HttpResponse ready(Call call) {
    boolean database = store.answers();
    return Endpoint.json(
        database ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE,
        Map.of("ready", database, "database", database ? "answers" : "does not answer"));
  }

  private HttpResponse metrics(Call call) {
    return HttpResponse.of(
        HttpStatus.OK, MediaType.parse(Metrics.TYPE), HttpData.ofUtf8(metrics.text()));
  }

  private HttpResponse description(Call call) throws IOException {
    return HttpResponse.of(
        HttpStatus.OK, MediaType.parse("application/yaml"), HttpData.ofUtf8(openApi()));
  }

  /** The description of this API. */
  static String openApi() throws IOException {
    try (var in =
        Objects.requireNonNull(
            HouseEndpoints.class.getResourceAsStream("/dev/anabranch/service/openapi.yaml"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private HttpResponse audit(Call call) {
    long from = call.query("from", 1, 1, Long.MAX_VALUE);
    int limit = (int) call.query("limit", 100, 1, 1000);
    var out = new LinkedHashMap<String, Object>();
    out.put(
        "entries",
        store.look(tables -> tables.audit().from(from, limit)).stream()
            .map(HouseEndpoints::entry)
            .toList());
    out.put("intact", intact());
    return Endpoint.json(out);
  }

  private boolean intact() {
    try {
      return store.look(tables -> {
        tables.audit().verify();
        return true;
      });
    } catch (AnabranchException e) {
      return false;
    }
  }

  private static Map<String, Object> entry(Audit.Entry entry) {
    var out = new LinkedHashMap<String, Object>();
    out.put("sequence", entry.sequence());
    out.put("at", Instant.ofEpochMilli(entry.at()).toString());
    out.put("actor", entry.actor());
    out.put("action", entry.action());
    out.put("subject", entry.subject());
    out.put("detail", entry.detail());
    out.put("hash", entry.hash());
    return out;
  }

  private HttpResponse operators(Call call) {
    var all = store.look(tables -> tables.operators().all());
    return Endpoint.json(
        Map.of(
            "operators",
            all.stream()
                .map(operator -> {
                  var out = new LinkedHashMap<String, Object>();
                  out.put("name", operator.name());
                  out.put("role", operator.role().word());
                  out.put("createdAt", Instant.ofEpochMilli(operator.createdAt()).toString());
                  return out;
                })
                .toList()));
  }

  private HttpResponse addOperator(Call call) {
    var body = call.json();
    var name = Texts.name("body.name", call.text(body, "name"));
    var role = call.word(body, "role", OperatorRole.class);
    var token = Tokens.operator(Tokens.secret());
    long now = clock.millis();
    store.audited(tables -> {
      tables.operators().put(name, Tokens.hash(token), role, now);
      return tables.audit().append(now, "operator " + call.caller(), "token", name, role.word());
    });
    var out = new LinkedHashMap<String, Object>();
    out.put("name", name);
    out.put("role", role.word());
    out.put("token", token);
    return Endpoint.json(HttpStatus.CREATED, out);
  }

  private HttpResponse removeOperator(Call call) {
    var name = call.path("name");
    boolean done =
        store.audited(tables -> {
          boolean removed = tables.operators().remove(name);
          if (removed) {
            tables
                .audit()
                .append(clock.millis(), "operator " + call.caller(), "remove operator", name, "");
          }
          return removed;
        });
    if (!done) {
      throw Problem.noSuch("operator", name, "one of those that GET /api/v1/operators lists");
    }
    return HttpResponse.of(HttpStatus.NO_CONTENT);
  }

  private HttpResponse session(Call call) {
    return who(Objects.requireNonNull(call.who()), ResponseHeaders.builder(HttpStatus.OK));
  }

  private HttpResponse login(Call call) {
    var token = call.text(call.json(), "token");
    var caller = gate.caller(token, call.from());
    return who(
        caller,
        ResponseHeaders.builder(HttpStatus.OK).cookie(cookie(token).maxAge(12 * 3600).build()));
  }

  private HttpResponse logout(Call call) {
    return HttpResponse.of(
        ResponseHeaders.builder(HttpStatus.NO_CONTENT)
            .cookie(cookie("").maxAge(0).build())
            .build());
  }

  private com.linecorp.armeria.common.CookieBuilder cookie(String value) {
    return Cookie.secureBuilder(Gate.COOKIE, value)
        .path("/")
        .secure(tls)
        .httpOnly(true)
        .sameSite("Strict");
  }

  private static HttpResponse who(
      Call.Caller caller, com.linecorp.armeria.common.ResponseHeadersBuilder headers) {
    var out = new LinkedHashMap<String, Object>();
    out.put("name", caller.name());
    out.put("role", caller.role().word());
    return HttpResponse.of(
        headers.contentType(MediaType.JSON).build(), HttpData.ofUtf8(Json.text(out)));
  }
}
