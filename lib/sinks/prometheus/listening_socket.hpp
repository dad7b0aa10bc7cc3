#pragma once

#include <string>

#include "common/descriptor.hpp"

namespace livecca {

/// Listens for TCP connections at an address of this machine; port 0 takes any that is free. Not
/// inherited by programs that the process starts, and never a port that somebody else listens at.
/// Throws Error, "expected to listen at …".
Descriptor listening_socket(const std::string& address, int port);

/// Which port a socket has.
int port_of(const Descriptor& socket);

}  // namespace livecca
