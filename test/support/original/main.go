// Drives the original's package from tests: one line on standard output for each thing that happens.
//
//	original send NAME COUNT        events and incidents in turns, through its buffered sender
//	original receive NAME COUNT     says what it has read
//	original listen DIR ID          a swarm member that listens, and says what it was told
//	original dial DIR ID COUNT      a swarm member with facts of its own that dials
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/syntrex-lab/gomcp/internal/domain/alert"
	"github.com/syntrex-lab/gomcp/internal/domain/memory"
	"github.com/syntrex-lab/gomcp/internal/domain/peer"
	"github.com/syntrex-lab/gomcp/internal/infrastructure/ipc"
)

func main() {
	n := 0
	if len(os.Args) > 3 {
		n, _ = strconv.Atoi(os.Args[len(os.Args)-1])
	}
	switch os.Args[1] {
	case "send":
		send(os.Args[2], n)
	case "receive":
		receive(os.Args[2], n)
	case "listen":
		member(os.Args[3], 0, os.Args[2]).Listen(context.Background())
	case "dial":
		synced, err := member(os.Args[3], n, os.Args[2]).Dial(context.Background())
		fmt.Println("dialed", synced, err)
	}
}

func check(err error) {
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
}

func send(name string, n int) {
	conn, err := ipc.DialWithRetry(context.Background(), name, 5)
	check(err)
	sender := ipc.NewBufferedSender(conn, name)
	for i := 0; i < n; i++ {
		kind := ipc.SOCMsgEvent
		if i%2 == 1 {
			kind = ipc.SOCMsgIncident
		}
		message, err := ipc.NewSOCMessage(kind, map[string]any{"n": i, "big": uint64(9007199254740993), "text": "<a & b> \u00e9"})
		check(err)
		for sender.Send(message) != nil {
			time.Sleep(time.Millisecond)
		}
	}
	check(sender.Close())
	fmt.Println("sent", n)
}

func receive(name string, n int) {
	listener, err := ipc.Listen(name)
	check(err)
	fmt.Println("listening")
	conn, err := listener.Accept()
	check(err)
	receiver := ipc.NewReceiver(conn, name)
	for i := 0; i < n; i++ {
		message, err := receiver.Next()
		check(err)
		fmt.Println(message.Type, message.ID, message.Timestamp > 1_700_000_000, string(message.Payload))
	}
	receiver.Close()
	listener.Close()
}

// What the transport asks of a store, and no more.
type store struct {
	memory.FactStore
	mu    sync.Mutex
	facts map[string]*memory.Fact
	told  bool
}

func (s *store) Add(_ context.Context, f *memory.Fact) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts[f.ID] = f
	if s.told {
		fmt.Println("fact", f.ID, f.Source, f.Content)
	}
	return nil
}

func (s *store) Get(_ context.Context, id string) (*memory.Fact, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.facts[id]; ok {
		return f, nil
	}
	return nil, fmt.Errorf("no fact %s", id)
}

func (s *store) ListByLevel(_ context.Context, level memory.HierLevel) ([]*memory.Fact, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*memory.Fact
	for _, f := range s.facts {
		if f.Level == level {
			found = append(found, f)
		}
	}
	return found, nil
}

func member(id string, n int, dir string) *ipc.SwarmTransport {
	facts := &store{facts: map[string]*memory.Fact{}}
	for i := 0; i < n; i++ {
		f := memory.NewFact(fmt.Sprintf("fact <%d> of %s", i, id), memory.LevelProject, "net", "")
		f.ID = fmt.Sprintf("%s-%d", id, i)
		facts.Add(context.Background(), f)
	}
	facts.told = true
	fmt.Println("hash", memory.CompiledGenomeHash())
	return ipc.NewSwarmTransport(dir, peer.NewRegistry(id, time.Minute), facts, alert.NewBus(10))
}
