/** What all fabrics do alike, wherever the other programs run. For fabrics only. */
@NullMarked
package dev.anabranch.fabrics.common;

import org.jspecify.annotations.NullMarked;
