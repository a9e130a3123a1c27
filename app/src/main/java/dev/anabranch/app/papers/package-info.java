/** Published claims: files that state them, measures that judge them, runs that they need. */
@org.jspecify.annotations.NullMarked
package dev.anabranch.app.papers;
