#pragma once

#include "http.hpp"
#include "site.hpp"

#include <lariat/io/net/tcp.hpp>
#include <lariat/io/stream/buffered_reader.hpp>
#include <lariat/sched/scope/task_group.hpp>
#include <lariat/sched/task/join_handle.hpp>
#include <lariat/sched/task/task.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace file_server {

/// What a client may take.
struct limits {
  std::size_t connections = 256;  ///< At a time; others wait to be accepted.
  std::size_t head_bytes = 16 * 1024;
  std::uint32_t request_seconds = 15;  ///< From the end of an answer to the next whole head.
  std::uint32_t write_seconds = 30;    ///< For a piece of an answer, 64 KiB at most.
};

/// Answers requests for the files of a site, until it is told to stop.
class server {
 public:
  server(lariat::io::tcp_listener listener, const site& files, limits allowed);

  /// Accepts connections and serves them. Ends after `stop`, with the last answer.
  [[nodiscard]] lariat::task<> run();

  /// Ends idle connections at once, and busy ones after the answer that they are being given.
  void stop();

  [[nodiscard]] std::uint64_t answers() const noexcept { return answers_; }
  [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  // A task that accepts one connection after the other, and serves each to its end: as many as
  // there are workers can be open.
  struct worker {
    lariat::join_handle<void> handle;
    bool idle = true;  // Waits for a connection or a request.
  };
  struct connection;

  lariat::task<> work(worker& self);
  lariat::task<> converse(connection& peer, worker& self);
  lariat::task<std::optional<std::string_view>> next_head(connection& peer);
  lariat::task<bool> respond(connection& peer, std::string_view head);
  lariat::task<> send_document(connection& peer, const request& wanted);
  lariat::task<> send(connection& peer, std::string head, const lariat::io::file& content,
                      byte_range range);
  lariat::task<> refuse(connection& peer, unsigned status, const request& wanted);
  static lariat::task<> linger(connection& peer);

  lariat::io::tcp_listener listener_;
  const site& files_;
  limits limits_;
  std::deque<worker> workers_;  // Tasks refer to its elements.
  bool stopping_ = false;
  std::uint64_t answers_ = 0;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace file_server
