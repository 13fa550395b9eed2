// Draws the Mandelbrot set to a PNG file: the pool computes the rows, whose cost differs widely, in
// parallel; the loop writes the file.
//
//   mandelbrot [FILE [WIDTH]]        mandelbrot.png, 1200 pixels unless told otherwise

#include <lariat/lariat.hpp>

#include <png.h>

#include <algorithm>
#include <complex>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lariat;

struct picture {
  std::size_t width;
  std::size_t height;
  std::vector<unsigned char> grey;
};

// How fast the iteration leaves the circle of radius 2, as a shade; black inside of the set.
unsigned char shade_at(std::complex<double> c) {
  constexpr int steps_max = 1000;
  std::complex<double> z = 0;
  for (int step = 0; step < steps_max; ++step) {
    z = {z.real() * z.real() - z.imag() * z.imag() + c.real(), 2 * z.real() * z.imag() + c.imag()};
    if (std::norm(z) > 4) return static_cast<unsigned char>(255 - std::min(step * 6, 230));
  }
  return 0;
}

void draw_row(picture& into, std::size_t row) {
  const double scale = 3.0 / static_cast<double>(into.width);
  const double y = scale * (static_cast<double>(row) - static_cast<double>(into.height) / 2);
  for (std::size_t column = 0; column < into.width; ++column) {
    const double x = scale * static_cast<double>(column) - 2.2;
    into.grey[row * into.width + column] = shade_at({x, y});
  }
}

std::string as_png(const picture& drawn) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(drawn.width);
  image.height = static_cast<png_uint_32>(drawn.height);
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, drawn.grey.data(), 0, nullptr) == 0)
    throw std::runtime_error(image.message);
  bytes.resize(size);
  return bytes;
}

task<int> mandelbrot(std::string path, std::size_t width) {
  picture drawn{width, width * 4 / 5, {}};
  drawn.grey.resize(drawn.width * drawn.height);
  auto draw = [&drawn](std::size_t row) { draw_row(drawn, row); };
  co_await parallel_for(std::size_t{0}, drawn.height, draw);
  const std::string bytes = co_await to_pool(as_png, std::cref(drawn));
  co_await io::fs::write_file(path, bytes);
  std::printf("%s: %zu x %zu, %zu bytes\n", path.c_str(), drawn.width, drawn.height, bytes.size());
  co_return 0;
}

int main(int argc, char** argv) {
  const int width = argc > 2 ? std::atoi(argv[2]) : 1200;
  return run_main(mandelbrot(argc > 1 ? argv[1] : "mandelbrot.png",
                             static_cast<std::size_t>(std::max(width, 1))));
}
