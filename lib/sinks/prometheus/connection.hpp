#pragma once

#include <httplib.h>

#include <chrono>
#include <functional>
#include <string>

#include "common/descriptor.hpp"

namespace livecca {

/// A client's connection. A whole request's head is read before anything is made of it, so that
/// whoever sends slowly costs time here alone, and so that its size is bounded.
///
/// Thread safety: none.
class Connection : public httplib::Stream {
 public:
  struct Waiting {
    std::function<bool()> is_stopped;  ///< asked while it waits, every 50 ms or more often
    std::function<bool()> is_crowded;  ///< whether other clients wait for this one's thread
  };

  Connection(Descriptor socket, const Waiting& waiting);
  /// Hangs up, whoever else has the socket, such as a forked child.
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Reads up to the empty line after a request's head. False if that does not come in time or is
  /// longer than 8 KiB.
  bool read_head();

  bool is_readable() const override { return !head_.empty(); }
  bool is_writable() const override { return true; }
  /// From the head; nothing comes after it.
  ssize_t read(char* bytes, size_t size) override;
  /// At least a byte, or -1 when the client does not take any in time.
  ssize_t write(const char* bytes, size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_.number(); }

 private:
  bool wait_for(short events);
  bool receive();

  Descriptor socket_;
  const Waiting& waiting_;
  std::chrono::steady_clock::time_point since_;  // the request, or its answer, began
  std::string received_;                         // not looked at yet
  std::string head_;                             // not read yet
  bool is_answering_ = false;
};

}  // namespace livecca
