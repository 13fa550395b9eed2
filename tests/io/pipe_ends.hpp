#pragma once

#include <lariat/io/op/descriptor.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <fcntl.h>
#include <unistd.h>

/// Both ends of a pipe of the kernel.
struct pipe_ends {
  pipe_ends() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    read = lariat::io::descriptor(fds[0]);
    write = lariat::io::descriptor(fds[1]);
  }
  lariat::io::descriptor read;
  lariat::io::descriptor write;
};
