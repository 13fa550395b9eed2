#include "server.hpp"

#include "request_target.hpp"

#include <lariat/sched/time/timeout.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

namespace file_server {

using namespace lariat;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t piece_max = 64 * 1024;

// After these it is not known where the next request would begin, or not wanted.
bool ends_connection(unsigned status) {
  return status == 400 || status == 405 || status == 408 || status == 413 || status == 431 ||
         status >= 500;
}

}  // namespace

struct server::connection {
  connection(io::tcp_stream&& accepted, std::size_t head_bytes)
      : stream(std::move(accepted)), reader(stream, head_bytes) {}

  // For files; connections that only ask need none.
  std::span<std::byte> buffer() {
    if (memory == nullptr) memory = std::make_unique_for_overwrite<std::byte[]>(piece_max);
    return {memory.get(), piece_max};
  }

  io::tcp_stream stream;
  io::buffered_reader<io::tcp_stream> reader;
  std::unique_ptr<std::byte[]> memory;
};

server::server(io::tcp_listener listener, const site& files, limits allowed)
    : listener_(std::move(listener)), files_(files), limits_(allowed) {}

task<> server::run() {
  co_await task_group::with([this](task_group& group) -> task<> {
    workers_.resize(limits_.connections);
    for (worker& each : workers_) {
      each.handle = group.spawn({.name = "connection"}, &server::work, this, std::ref(each));
    }
    co_return;
  });
}

void server::stop() {
  stopping_ = true;
  for (const worker& each : workers_) {
    if (each.idle) each.handle.cancel("the server stops");
  }
}

task<> server::work(worker& self) {
  while (!stopping_) {
    self.idle = true;
    io::tcp_stream stream = co_await listener_.accept();
    connection peer(std::move(stream), limits_.head_bytes);
    try {
      co_await converse(peer, self);
    } catch (const std::system_error& error) {
      // Clients leave as they like; anything else is worth a line.
      if (error.code() == std::errc::connection_reset || error.code() == std::errc::broken_pipe) {
        continue;
      }
      std::fprintf(stderr, "file_server: %s: %s\n", peer.stream.peer_address().to_string().c_str(),
                   error.what());
    }
  }
}

task<> server::converse(connection& peer, worker& self) {
  for (bool more = true; more && !stopping_;) {
    self.idle = true;
    const std::optional<std::string_view> head = co_await next_head(peer);
    self.idle = false;
    if (!head) co_return;
    more = co_await respond(peer, *head);
    ++answers_;
  }
}

// The next request up to its empty line; nothing if the connection is over.
task<std::optional<std::string_view>> server::next_head(connection& peer) {
  unsigned status = 0;
  try {
    // One limit for all of it: a client that sends a byte now and then gets no more.
    const std::optional<std::string_view> head = co_await try_timeout(
        std::chrono::seconds(limits_.request_seconds), peer.reader.read_until("\r\n\r\n"));
    if (head) co_return head;
    status = 408;
  } catch (const io::limit_exceeded&) {
    status = 431;
  } catch (const io::end_of_stream&) {
    status = 400;
  }
  // Between two requests anybody may leave, or be left.
  request unknown;
  unknown.keep_alive = false;
  if (!peer.reader.buffered().empty()) co_await refuse(peer, status, unknown);
  co_return std::nullopt;
}

// Whether another request may follow.
task<bool> server::respond(connection& peer, std::string_view head) {
  request wanted;
  unsigned status = 0;
  try {
    wanted = parse_request(head);
    wanted.keep_alive = wanted.keep_alive && !stopping_;
    co_await send_document(peer, wanted);
    co_return wanted.keep_alive;
  } catch (const refusal& refused) {
    status = refused.status;
  }
  wanted.keep_alive = wanted.keep_alive && !ends_connection(status);
  co_await refuse(peer, status, wanted);
  co_return wanted.keep_alive;
}

task<> server::send_document(connection& peer, const request& wanted) {
  const document found = co_await files_.open(path_of(wanted.target));
  const std::string modified = format_date(found.modified);
  answer head;
  head.version = wanted.version;
  head.keep_alive = wanted.keep_alive;
  head.fields = {{"Content-Type", std::string(found.type)},
                 {"Last-Modified", modified},
                 {"Accept-Ranges", "bytes"}};
  byte_range range;
  // A part goes with the parts that the client has only if the file is still the same.
  const bool same = wanted.if_range.empty() || wanted.if_range == modified;
  if (same && !wanted.head_only) range = parse_range(wanted.range, found.size);
  if (range.kind == range_kind::whole) range.length = found.size;
  const std::string size = std::to_string(found.size);
  const std::optional<std::time_t> known = parse_date(wanted.if_modified_since);
  if (known && *known >= found.modified) {
    head.status = 304;
    range = {};
  } else if (range.kind == range_kind::unsatisfiable) {
    head.status = 416;
    head.fields.push_back({"Content-Range", "bytes */" + size});
  } else if (range.kind == range_kind::part) {
    head.status = 206;
    const std::uint64_t last = range.first + range.length - 1;
    head.fields.push_back({"Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                                std::to_string(last) + "/" + size});
  }
  head.content_length = range.length;
  if (wanted.head_only) range = {};
  co_await send(peer, format(head), found.content, range);
}

// The head travels with the first piece of the file: one packet for a small one.
task<> server::send(connection& peer, std::string head, const io::file& content, byte_range range) {
  const std::uint64_t end = range.first + range.length;
  std::span<const std::byte> piece;
  do {
    if (range.first < end) {
      const std::size_t wanted = std::min<std::uint64_t>(end - range.first, piece_max);
      const std::span<std::byte> buffer = peer.buffer().first(wanted);
      const std::size_t count = co_await content.read_at(range.first, buffer);
      // It has been cut meanwhile. The head is out, so only breaking off says that something is
      // wrong.
      if (count == 0) throw std::system_error(std::make_error_code(std::errc::io_error), "file");
      piece = buffer.first(count);
      range.first += count;
    }
    const std::array<io::const_buffer, 2> pieces = {std::string_view(head), piece};
    const std::size_t sent = co_await timeout(std::chrono::seconds(limits_.write_seconds),
                                              peer.stream.writev_all(pieces));
    bytes_sent_ += sent;
    head.clear();
  } while (range.first < end);
}

task<> server::refuse(connection& peer, unsigned status, const request& wanted) {
  std::string body = std::to_string(status) + " ";
  body.append(reason_of(status)).append("\n");
  answer head;
  head.status = status;
  head.version = wanted.version;
  head.keep_alive = wanted.keep_alive;
  head.content_length = body.size();
  head.fields = {{"Content-Type", "text/plain; charset=utf-8"}};
  if (status == 301) head.fields.push_back({"Location", with_slash(wanted.target)});
  if (status == 405) head.fields.push_back({"Allow", "GET, HEAD"});
  std::string text = format(head);
  if (!wanted.head_only) text += body;
  const auto bytes = io::bytes_of(text);
  const std::size_t sent =
      co_await timeout(std::chrono::seconds(limits_.write_seconds), peer.stream.write_all(bytes));
  bytes_sent_ += sent;
  if (!wanted.keep_alive) co_await linger(peer);
}

// Reads for a moment what the client still sends: closing with unread bytes resets the connection,
// and the answer would be lost.
task<> server::linger(connection& peer) {
  peer.stream.shutdown_write();
  auto read_on = [&]() -> task<> {
    for (std::size_t count = 1; count > 0;) count = co_await peer.stream.read_some(peer.buffer());
  };
  co_await try_timeout(1s, read_on());
}

}  // namespace file_server
