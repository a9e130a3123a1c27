package dev.anabranch.methods;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Method;

/** Found by {@link java.util.ServiceLoader}: how a plan names and builds a method. */
public interface MethodProvider {
  Kind<? extends Method<?>> kind();
}
