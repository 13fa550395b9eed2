#pragma once

/// \file
/// Addresses and sockets.
#include <lariat/io/net/address.hpp>
#include <lariat/io/net/socket.hpp>
#include <lariat/io/net/stream_socket.hpp>
#include <lariat/io/net/tcp.hpp>
