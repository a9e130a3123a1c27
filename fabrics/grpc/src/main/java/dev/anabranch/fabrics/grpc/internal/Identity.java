package dev.anabranch.fabrics.grpc.internal;

import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/**
 * Who is at the other end of a connection.
 *
 * @param agent the name in its certificate (the subject's CN); on an unencrypted loopback
 *     connection the name that it gave itself
 * @param certificate what proves it; null on an unencrypted loopback connection
 */
public record Identity(String agent, @Nullable X509Certificate certificate) {}
