#pragma once

// Every bound of the HTTP server in one place. Tests hand in small ones; nothing else in this folder holds a
// number that a client can reach.

#include <cstddef>
#include <cstdint>

namespace cloister::net {

struct HttpLimits {
  // Of one request. The status is what the client reads at the bound.
  std::size_t head_bytes_max = 16 << 10;  // request line and fields together: 431
  std::size_t header_count_max = 64;      // 431
  std::size_t body_bytes_max = 1 << 20;   // of a body that a handler gets whole: 413; streamed routes name their own

  // Of one connection, each in milliseconds. What is over is closed; an unfinished request is answered 408
  // first.
  std::int64_t handshake_ms = 10'000;  // of TLS, from the connection's first moment
  std::int64_t idle_ms = 30'000;       // between requests
  std::int64_t head_ms = 10'000;       // from a request's first byte to the end of its head
  std::int64_t body_ms = 30'000;       // a whole body, so that one byte a second does not hold a buffer for days
  std::int64_t stall_ms = 15'000;      // a streamed body or an answer of which no byte moved
  int unacknowledged_ms = 30'000;      // what was sent, by the client's machine
  std::int64_t stream_ms = 1'800'000;  // a streamed body or an answer from its first to its last byte
  std::int64_t linger_ms = 2'000;      // reading on after an early answer, so that the client sees it and not a reset

  std::int64_t event_poll_ms = 100;  // until an event stream is asked for more; up to a sweep longer
  std::size_t event_streams_max = 128;  // of the whole server, at once: 503

  // Of the whole server.
  std::size_t connections_max = 512;                 // the next is answered 503 and closed
  std::size_t buffered_bytes_max = 64 << 20;         // whole bodies in memory at once: 503
  std::size_t queued_requests_max = 256;             // requests waiting for a worker: 503
  std::int64_t drain_ms = 10'000;                    // what a stop grants to requests in work
  std::int64_t sweep_ms = 250;                       // how often deadlines are looked at: their resolution
};

}  // namespace cloister::net
