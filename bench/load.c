/* The lean client of bench/load.ts in C, so that what is measured is the server: one socket, N requests in flight, replies
 * counted by their headers. Usage: load PORT|PATH REQUESTS IN_FLIGHT WARM_UP TEXT [frame]; prints one line of JSON. With `frame` it
 * speaks frames, on the lane of values. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

static int connected(const char *to) {
  int one = 1, fd = socket(to[0] == '/' ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
  if (to[0] == '/') {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path, to, sizeof at.sun_path - 1);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) die("connect");
    return fd;
  }
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(to)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

/* Writes a request with its number and answers its size; below 110 bytes of text every length in a frame is one byte. */
static size_t request(char *f, const char *text, int framed, long id) {
  uint64_t length = strlen(text), payload = 10 + length;
  char *p = f;
  if (framed) {
    uint32_t body = (uint32_t)(6 + 2 + payload + 2);
    *p++ = 1;
    memcpy(p, &body, 4);
    memcpy(p + 4, "\x08\x01\x18\xe6\xe4\x01\x22", 7);
    p[11] = (char)payload;
    p += 12;
  } else {
    memcpy(p, "\xfa\xde\xfa\xce\x03\x00\x00\x01", 8);
    memcpy(p + 8, &payload, 8);
    p += 16;
  }
  *p++ = (char)0xf3;
  *p++ = 0;
  memcpy(p, &length, 8);
  memcpy(p + 8, text, length);
  p += 8 + length;
  if (framed) {
    *p++ = 0x28;
    *p++ = (char)(1 + id % 127);
  }
  return (size_t)(p - f);
}

int main(int argc, char **argv) {
  if (argc < 6 || argc > 7 || strlen(argv[5]) > 100) return fprintf(stderr, "usage: load PORT|PATH REQUESTS IN_FLIGHT WARM_UP TEXT [frame]\n"), 64;
  int framed = argc == 7;
  long requests = atol(argv[2]), in_flight = atol(argv[3]), warm_up = atol(argv[4]), total = requests + warm_up;
  size_t frame = 0, head = framed ? 5 : 16;
  char *batch = malloc(200 * (size_t)in_flight);
  for (long i = 0; i < in_flight; i++) frame = request(batch + frame * (size_t)i, argv[5], framed, i);
  int fd = connected(argv[1]);
  char hello[2];
  if (!framed) {
    write_all(fd, "\x03\x00", 2);
    if (recv(fd, hello, 2, MSG_WAITALL) != 2) die("handshake");
  }

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
    for (size_t at = 0; at < (size_t)got || (have == head && skip == 0);) {
      if (have < head) {
        size_t k = head - have < (size_t)got - at ? head - have : (size_t)got - at;
        memcpy(header + have, buffer + at, k);
        have += k;
        at += k;
        if (have == head) {
          skip = 0;
          memcpy(&skip, framed ? header + 1 : header + 8, framed ? 4 : 8);
        }
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
