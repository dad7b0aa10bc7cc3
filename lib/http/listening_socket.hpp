#pragma once

#include <string>

#include "common/files/descriptor.hpp"

namespace livecca {

struct ListeningSocket {
  Descriptor socket;
  int port = 0;
  bool is_version_6 = false;  ///< of the internet protocol
};

/// Listens for TCP connections at an address of this machine; port 0 takes any that is free. Not
/// inherited by programs that the process starts, and never a port that somebody else listens at.
/// Throws Error, "expected to listen at …".
ListeningSocket listening_socket(const std::string& address, int port);

}  // namespace livecca
