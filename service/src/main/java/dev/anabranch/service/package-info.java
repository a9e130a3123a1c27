/** What lives longer than a run: identities, operators, the store and the HTTP API. */
@NullMarked
package dev.anabranch.service;

import org.jspecify.annotations.NullMarked;
