#pragma once

// HTTP as handlers see it: plain values, no socket, no coroutine. A handler is a synchronous function that
// runs on the server's worker pool; what is too large for memory moves through BodySink and BodySource, one
// piece per call, and the network waits for each call (back-pressure).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::net {

// Field names are lower case. A field that decides about framing or identity occurs at most once
// (request_parser.h).
using Headers = std::vector<std::pair<std::string, std::string>>;

// The first field of that name (lower case), or null.
const std::string* FindHeader(const Headers& headers, std::string_view name);

struct Request {
  std::string id;                           // of this request, also the `Request-Id` of its answer
  std::string method;                       // "GET"
  std::string path;                         // as sent, without the query: for logs
  std::vector<std::string> segments;        // decoded: "/a/b%20c" -> {"a", "b c"}
  std::map<std::string, std::string> query;   // decoded; a name that occurs twice is refused
  std::map<std::string, std::string> params;  // what the route's {names} matched
  Headers headers;
  std::string body;  // whole; empty on streamed routes
  std::string note;  // empty; for handlers that wrap others, and know what to tell them
  std::uint64_t body_bytes = 0;  // on streamed routes: the announced length, 0 when chunked

  const std::string* Header(std::string_view name) const { return FindHeader(headers, name); }
  // The value of a route's {name}: the route exists, so the value does.
  const std::string& Param(const std::string& name) const { return params.at(name); }
};

// A body that is made while it is sent. Calls come one after the other, on any worker.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // All of it; the answer's Content-Length.
  virtual std::uint64_t size() const = 0;
  // Fills `out` from the front and says how much; at least one byte while some are left. An Error breaks the
  // connection off, since the status has gone out already.
  virtual Result<std::size_t> Read(std::span<std::uint8_t> out) = 0;
};

// A body that goes on until somebody ends it (Server-Sent Events). Calls come one after the other, on any worker.
class EventSource {
 public:
  virtual ~EventSource() = default;
  // What is to be sent now; empty: nothing yet, and it is asked again a little later. An Error ends the stream.
  virtual Result<std::string> Poll() = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::unique_ptr<BodySource> source;  // instead of `body`
  std::unique_ptr<EventSource> events;  // likewise
};

// A request body that is taken while it arrives. Calls come one after the other, on any worker; destruction
// without Finish() means that the client went away or broke a rule, and undoes what was begun.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual Status Write(ByteView piece) = 0;
  // After an Error of Write(): what stands in the head of its answer besides, such as Retry-After.
  virtual Headers ErrorFields() const { return {}; }
  // The whole body was there.
  virtual Result<Response> Finish() = 0;
};

using Handler = std::function<Result<Response>(const Request&)>;
// Decides by the head alone; after an Error the body is not read.
using UploadHandler = std::function<Result<std::unique_ptr<BodySink>>(const Request&)>;

// "Not Found" for 404; "Status" for a number that we never send.
std::string_view ReasonPhrase(int status);

}  // namespace cloister::net
