import { Component, type ComponentChildren } from "preact";
import { Failed } from "../parts/States";

/** A page that breaks must not take the shell with it. */
export class Boundary extends Component<{ children: ComponentChildren }, { error?: Error }> {
  override componentDidCatch(error: Error) {
    console.error(error);
    this.setState({ error });
  }
  override render() {
    return this.state.error ? <Failed error={this.state.error} /> : <>{this.props.children}</>;
  }
}
