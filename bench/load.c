/* The lean client of bench/load.ts in C, so that what is measured is the server: one socket, N requests in flight, replies
 * counted by their headers. Usage: load PORT REQUESTS IN_FLIGHT WARM_UP TEXT; prints one line of JSON. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void write_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t w = write(fd, p, n);
    if (w <= 0) die("write");
    p += w;
    n -= (size_t)w;
  }
}

int main(int argc, char **argv) {
  if (argc != 6) return fprintf(stderr, "usage: load PORT REQUESTS IN_FLIGHT WARM_UP TEXT\n"), 64;
  long requests = atol(argv[2]), in_flight = atol(argv[3]), warm_up = atol(argv[4]), total = requests + warm_up;
  size_t text = strlen(argv[5]), frame = 26 + text;
  char *batch = malloc(frame * (size_t)in_flight);
  for (long i = 0; i < in_flight; i++) {
    char *f = batch + frame * (size_t)i;
    uint64_t payload = 10 + text, length = text;
    memcpy(f, "\xfa\xde\xfa\xce\x03\x00\x00\x01", 8);
    memcpy(f + 8, &payload, 8);
    f[16] = (char)0xf3;
    f[17] = 0;
    memcpy(f + 18, &length, 8);
    memcpy(f + 26, argv[5], text);
  }
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char hello[2];
  write_all(fd, "\x03\x00", 2);
  if (recv(fd, hello, 2, MSG_WAITALL) != 2) die("handshake");

  double *sent_at = malloc(sizeof(double) * (size_t)in_flight), *took = malloc(sizeof(double) * (size_t)requests), started = now_us();
  long sent = 0, done = 0;
  size_t have = 0, skip = 0, room = 1 << 20;
  unsigned char header[16], *buffer = malloc(room);
  uint64_t bytes = 0;
  for (long n = in_flight; done < total;) {
    double t = now_us();
    if (n > total - sent) n = total - sent;
    for (long i = 0; i < n; i++) sent_at[(sent + i) % in_flight] = t;
    sent += n;
    if (n > 0) write_all(fd, batch, frame * (size_t)n);
    ssize_t got = read(fd, buffer, room);
    if (got <= 0) die("read");
    bytes += (uint64_t)got;
    t = now_us();
    n = 0;
    for (size_t at = 0; at < (size_t)got || (have == 16 && skip == 0);) {
      if (have < 16) {
        size_t k = 16 - have < (size_t)got - at ? 16 - have : (size_t)got - at;
        memcpy(header + have, buffer + at, k);
        have += k;
        at += k;
        if (have == 16) memcpy(&skip, header + 8, 8);
        continue;
      }
      size_t k = skip < (size_t)got - at ? skip : (size_t)got - at;
      skip -= k;
      at += k;
      if (skip > 0) continue;
      have = 0;
      if (done >= warm_up) took[done - warm_up] = t - sent_at[done % in_flight];
      if (++done == warm_up) {
        started = t;
        bytes = 0;
      }
      n++;
    }
  }
  double seconds = (now_us() - started) / 1e6;
  qsort(took, (size_t)requests, sizeof(double), by_size);
  printf("{\"rps\": %.0f, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f, \"bytes\": %llu}\n", requests / seconds, took[requests / 2],
         took[requests * 99 / 100], took[requests - 1], (unsigned long long)bytes);
  return 0;
}
