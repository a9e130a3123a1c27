package dev.anabranch.service.internal;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.file.HttpFile;
import dev.anabranch.core.Failure;
import dev.anabranch.service.OperatorRole;
import dev.anabranch.service.RunState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs over HTTP. Thread-safe. */
final class RunEndpoints {
  /** What a run leaves, in the order in which it is listed; nothing else in its folder is given. */
  private static final List<String> FILES =
      List.of(
          "plan.yaml",
          "log.jsonl",
          "summary.json",
          "report.html",
          "trained.safetensors",
          "provenance.json");

  private static final int PLAN_LIMIT = 1 << 20;
  private static final Duration CHECK = Duration.ofMinutes(10);
  private static final int SUMMARY_LIMIT = 1 << 24;

  /**
   * A report carries its own scripts; it gets an origin of its own, without the operator's token.
   */
  private static final String REPORT_POLICY =
      "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:;"
          + " sandbox allow-scripts";

  private final Store store;
  private final RunDesk desk;
  private final Followers followers;
  private final Path scratch;

  /**
   * @param scratch a folder for pages that are made on request
   */
  RunEndpoints(Store store, RunDesk desk, Followers followers, Path scratch) {
    this.store = store;
    this.desk = desk;
    this.followers = followers;
    this.scratch = scratch;
  }

  List<Endpoint> all() {
    return List.of(
        Endpoint.get("/api/v1/runs", OperatorRole.VIEWER, this::list),
        Endpoint.post("/api/v1/runs", OperatorRole.OPERATOR, PLAN_LIMIT, this::submit),
        Endpoint.get("/api/v1/runs/{id}", OperatorRole.VIEWER, this::one),
        Endpoint.post("/api/v1/runs/{id}/stop", OperatorRole.OPERATOR, 1024, this::stop),
        Endpoint.post("/api/v1/runs/{id}/resume", OperatorRole.OPERATOR, 1024, this::resume),
        Endpoint.get("/api/v1/runs/{id}/log", OperatorRole.VIEWER, this::log),
        Endpoint.get("/api/v1/runs/{id}/files/{name}", OperatorRole.VIEWER, this::file),
        Endpoint.get("/api/v1/compare", OperatorRole.VIEWER, this::compare),
        Endpoint.get("/api/v1/report", OperatorRole.VIEWER, this::report));
  }

  private HttpResponse list(Call call) {
    int limit = (int) call.query("limit", 100, 1, 1000);
    var runs = store.look(tables -> tables.runs().newest(limit));
    return Endpoint.json(Map.of("runs", runs.stream().map(this::map).toList()));
  }

  private HttpResponse submit(Call call) {
    call.context().setRequestTimeout(CHECK); // the plan's data are read, and its costs found
    var run = desk.submit(call.request().contentUtf8(), call.caller());
    return HttpResponse.of(
        ResponseHeaders.builder(HttpStatus.CREATED)
            .contentType(MediaType.JSON)
            .add("location", "/api/v1/runs/" + run.id())
            .build(),
        HttpData.ofUtf8(Json.text(map(run))));
  }

  private HttpResponse one(Call call) {
    var run = run(call.path("id"));
    var out = map(run);
    out.put("plan", run.plan());
    out.put("files", files(run.id()));
    out.put("visits", visits(run.id()));
    out.put("assigned", store.look(tables -> tables.runs().assignments(run.id())));
    return Endpoint.json(out);
  }

  private HttpResponse stop(Call call) {
    var run = run(call.path("id"));
    desk.stop(run.id(), call.caller());
    return Endpoint.json(HttpStatus.ACCEPTED, map(run(run.id())));
  }

  private HttpResponse resume(Call call) {
    var run = run(call.path("id"));
    desk.resume(run.id(), call.caller());
    return Endpoint.json(HttpStatus.ACCEPTED, map(run(run.id())));
  }

  private HttpResponse log(Call call) {
    var run = run(call.path("id"));
    long from = call.query("from", 0, 0, Integer.MAX_VALUE);
    boolean follow = flag(call, "follow");
    return followers.send(
        call.context(),
        desk.folder(run.id()).resolve("log.jsonl"),
        from,
        () -> !follow || run(run.id()).state().ended());
  }

  private static boolean flag(Call call, String name) {
    var text = call.query(name);
    if (text == null || text.equals("false")) {
      return false;
    }
    if (text.equals("true")) {
      return true;
    }
    throw new Problem(
        HttpStatus.BAD_REQUEST, Failure.USAGE, name, Texts.shortened(text), "true or false");
  }

  private HttpResponse file(Call call) throws Exception {
    var run = run(call.path("id"));
    var name = call.path("name");
    var file = desk.folder(run.id()).resolve(FILES.contains(name) ? name : "");
    if (!FILES.contains(name) || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw Problem.noSuch(
          "file",
          name,
          "one of " + String.join(", ", files(run.id()).stream().map(this::name).toList()));
    }
    if (name.equals("report.html")) {
      call.context().setAdditionalResponseHeader("content-security-policy", REPORT_POLICY);
    }
    call.context().clearRequestTimeout();
    return HttpFile.of(file).asService().serve(call.context(), call.original());
  }

  private String name(Map<String, Object> file) {
    return String.valueOf(file.get("name"));
  }

  private List<Runs.Run> asked(Call call) {
    var text = call.query("runs");
    if (text == null || text.isEmpty() || text.length() > 10_000) {
      throw new Problem(
          HttpStatus.BAD_REQUEST, Failure.USAGE, "runs", "absent", "ids with commas between them");
    }
    return List.of(text.split(",")).stream().map(this::run).toList();
  }

  private HttpResponse compare(Call call) {
    return Endpoint.json(Map.of("runs", asked(call).stream().map(this::map).toList()));
  }

  private HttpResponse report(Call call) throws IOException {
    var folders = asked(call).stream().map(run -> desk.folder(run.id())).toList();
    var page = Files.createTempFile(scratch, "report-", ".html");
    try {
      desk.executor().report(folders, page);
      call.context().setAdditionalResponseHeader("content-security-policy", REPORT_POLICY);
      return HttpResponse.of(
          HttpStatus.OK, MediaType.HTML_UTF_8, HttpData.wrap(Files.readAllBytes(page)));
    } finally {
      Files.deleteIfExists(page);
    }
  }

  private Runs.Run run(String id) {
    return (Texts.isRun(id)
            ? store.look(tables -> tables.runs().find(id))
            : java.util.Optional.<Runs.Run>empty())
        .orElseThrow(() -> Problem.noSuch("run", id, "one that 'anabranch runs' lists"));
  }

  private List<Map<String, Object>> files(String id) {
    var out = new ArrayList<Map<String, Object>>();
    for (var name : FILES) {
      var file = desk.folder(id).resolve(name);
      if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        try {
          var one = new LinkedHashMap<String, Object>();
          one.put("name", name);
          one.put("bytes", Files.size(file));
          out.add(one);
        } catch (IOException e) {
          continue; // it went away meanwhile
        }
      }
    }
    return out;
  }

  private List<Map<String, Object>> visits(String id) {
    var out = new ArrayList<Map<String, Object>>();
    for (var visit : store.look(tables -> tables.runs().visits(id))) {
      var one = new LinkedHashMap<String, Object>();
      one.put("round", visit.round());
      one.put("device", visit.device());
      one.put("attempt", visit.attempt());
      put(one, "agent", visit.agent());
      one.put("state", visit.state());
      one.put("since", Instant.ofEpochMilli(visit.changedAt()).toString());
      put(one, "reason", visit.reason());
      out.add(one);
    }
    return out;
  }

  private Map<String, Object> map(Runs.Run run) {
    var out = new LinkedHashMap<String, Object>();
    out.put("id", run.id());
    out.put("name", run.name());
    out.put("method", run.method());
    out.put("state", run.state().word());
    out.put("roundsDone", run.roundsDone());
    out.put("rounds", run.rounds());
    out.put("devices", run.devices());
    out.put("submittedBy", run.submittedBy());
    out.put("submittedAt", Instant.ofEpochMilli(run.submittedAt()).toString());
    put(out, "startedAt", time(run.startedAt()));
    put(out, "endedAt", time(run.endedAt()));
    if (run.state() == RunState.STOPPING || run.state() == RunState.STOPPED) {
      put(out, "stoppedBy", run.stoppedBy());
      put(out, "stoppedAt", time(run.stoppedAt()));
    }
    if (run.failureName() != null) {
      var failure = new LinkedHashMap<String, Object>();
      failure.put("code", exitCode(run.failureName()));
      failure.put("name", run.failureName());
      failure.put("text", String.valueOf(run.failureText()));
      out.put("failure", failure);
    }
    var summary = desk.folder(run.id()).resolve("summary.json");
    if (run.state() == RunState.COMPLETED && Files.isRegularFile(summary)) {
      out.put("summary", Json.read(summary.toString(), SafeFiles.read(summary, SUMMARY_LIMIT)));
    }
    return out;
  }

  private static int exitCode(String name) {
    for (var failure : Failure.values()) {
      if (failure.name().equals(name.toUpperCase(Locale.ROOT))) {
        return failure.exitCode();
      }
    }
    return 1;
  }

  private static @Nullable String time(@Nullable Long millis) {
    return millis == null ? null : Instant.ofEpochMilli(millis).toString();
  }

  private static void put(Map<String, Object> out, String name, @Nullable Object value) {
    if (value != null) {
      out.put(name, value);
    }
  }
}
