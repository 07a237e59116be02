/* noop.c: the smallest program a launch can end in. The benchmarks start it, so that what they time is the launch. */
int main(void) { return 0; }
