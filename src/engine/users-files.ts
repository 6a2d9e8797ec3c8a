/** The users files of listeners: each is read when its listener begins, and again when all are. */
import type { Users } from './api.js';
import { loadUsers, makeUsers } from './users.js';

/** Who may connect as a file says. A file names somebody, or it is an error: whoever asks for users goes on asking. */
export class UsersFile implements Users {
  readonly required = true;
  #users: Users;

  /** Errors: UsersFileError. */
  constructor(readonly file: string) {
    this.#users = makeUsers(loadUsers(file));
  }

  verify(user: string, password: string, wanted?: () => boolean): ReturnType<Users['verify']> {
    return this.#users.verify(user, password, wanted);
  }
  restricts(user: string): boolean {
    return this.#users.restricts(user);
  }

  /** Reads the file again; what it says is in force when the answer is called. Errors: UsersFileError, and then nothing has changed. */
  reread(): () => void {
    const users = makeUsers(loadUsers(this.file));
    return () => void (this.#users = users);
  }
}

/** Those of the listeners that there are. */
export class UsersFiles {
  readonly #held = new Set<UsersFile>();

  get empty(): boolean {
    return this.#held.size === 0;
  }
  hold(users: UsersFile): void {
    this.#held.add(users);
  }
  release(users: UsersFile): void {
    this.#held.delete(users);
  }
  /** As `UsersFile.reread`, for all of them. */
  reread(): () => void {
    const admits = Array.from(this.#held, (users) => users.reread());
    return () => {
      for (const admit of admits) admit();
    };
  }
}
