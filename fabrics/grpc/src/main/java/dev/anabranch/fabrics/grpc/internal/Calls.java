package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import com.linecorp.armeria.client.ClientRequestContext;
import com.linecorp.armeria.client.Clients;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import dev.anabranch.fabrics.grpc.internal.proto.Hello;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Dials streams for legs, again and again, until they are complete or over. Thread-safe. */
final class Calls {
  private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

  private final String agent;
  private final Channel channel;
  private final boolean secure;
  private final Limits limits;
  private final ScheduledExecutorService timer;
  private final LongUnaryOperator draw;

  /**
   * @param draw a number of at least 0 and below its argument
   */
  Calls(
      String agent,
      Channel channel,
      boolean secure,
      Limits limits,
      ScheduledExecutorService timer,
      LongUnaryOperator draw) {
    this.agent = agent;
    this.channel = channel;
    this.secure = secure;
    this.limits = limits;
    this.timer = timer;
    this.draw = draw;
  }

  /**
   * @param hello of the leg, but for what changes from stream to stream
   * @param welcomed hears the coordinator's epoch, on each connection, before anything else comes
   */
  void keep(
      Leg leg,
      MethodDescriptor<Frame, Inbound> method,
      Hello.Builder hello,
      Consumer<ByteString> welcomed) {
    new Kept(leg, method, hello, welcomed).connect();
  }

  /** The pause before try {@code tries + 1}. */
  Duration pause(int tries) {
    long first = limits.firstBackoff().toNanos();
    long last = limits.lastBackoff().toNanos();
    long whole = Math.max(2, Math.min(last, first << Math.min(tries, 20)));
    return Duration.ofNanos(whole / 2 + draw.applyAsLong(whole - whole / 2));
  }

  private final class Kept {
    private final Leg leg;
    private final MethodDescriptor<Frame, Inbound> method;
    private final Hello.Builder hello;
    private final Consumer<ByteString> welcomed;
    private final AtomicInteger tries = new AtomicInteger();
    private volatile boolean resumed;

    Kept(
        Leg leg,
        MethodDescriptor<Frame, Inbound> method,
        Hello.Builder hello,
        Consumer<ByteString> welcomed) {
      this.leg = leg;
      this.method = method;
      this.hello = hello;
      this.welcomed = welcomed;
    }

    void connect() {
      if (leg.over() != null) {
        return;
      }
      try (var captor = Clients.newContextCaptor()) {
        var call = channel.newCall(method, CallOptions.DEFAULT);
        var stream = new Stream(call);
        var headers = new Metadata();
        headers.put(Reception.AGENT, agent);
        call.start(stream, headers);
        stream.context = captor.get();
        call.request(1);
        call.sendMessage(
            Frame.newBuilder()
                .setHello(
                    hello
                        .clone()
                        .setProtocol(Reception.PROTOCOL)
                        .setResumed(resumed)
                        .setNext(leg.next())
                        .setWindow(limits.window()))
                .build());
      } catch (RuntimeException e) {
        again(leg.unreachable(Status.UNAVAILABLE.withDescription(e.toString())));
      }
    }

    private void again(boolean wanted) {
      if (!wanted || leg.over() != null) {
        return;
      }
      var pause = pause(tries.getAndIncrement());
      LOG.debug("{}: dialled again in {} ms", leg.name(), pause.toMillis());
      timer.schedule(this::connect, pause.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** One stream. Belongs to its line's thread. */
    private final class Stream extends ClientCall.Listener<Inbound> {
      private final ClientCall<Frame, Inbound> call;
      private volatile @Nullable ClientRequestContext context;
      private @Nullable ClientLine line;

      Stream(ClientCall<Frame, Inbound> call) {
        this.call = call;
      }

      @Override
      public void onMessage(Inbound message) {
        var to = line;
        if (to != null) {
          leg.received(to, message);
        } else {
          begin(message);
        }
        call.request(1);
      }

      private void begin(Inbound message) {
        var on = context;
        var welcome = message instanceof Received frame ? frame.welcome() : null;
        if (welcome == null || on == null || welcome.getWindow() < 1 || welcome.getNext() < 1) {
          fail("the coordinator answered without a welcome");
          return;
        }
        if (welcome.getProtocol() != Reception.PROTOCOL) {
          fail(
              "protocol: %d (expected: %d; use the same release on both sides)"
                  .formatted(Integer.toUnsignedLong(welcome.getProtocol()), Reception.PROTOCOL));
          return;
        }
        var started = new ClientLine(on, call, secure);
        var refusal = leg.attach(started, welcome.getNext(), welcome.getWindow());
        if (refusal != null) {
          fail(Leg.describe(refusal));
          return;
        }
        line = started;
        tries.set(0);
        resumed = true;
        welcomed.accept(welcome.getEpoch());
        leg.wake();
      }

      private void fail(String reason) {
        call.cancel(reason, null);
        leg.lose(reason);
      }

      @Override
      public void onReady() {
        if (line != null) {
          leg.wake();
        }
      }

      @Override
      public void onClose(Status status, Metadata trailers) {
        var ended = line;
        if (ended == null) {
          again(leg.unreachable(status));
        } else {
          ended.ended();
          again(leg.detached(ended, status));
        }
      }
    }
  }
}
