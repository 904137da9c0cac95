using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl rotate root</c>: the root gives way to the next.</summary>
internal static class RotateCommands
{
    public static Command Create(CliHost host) => new("rotate", "Rotate the trust domain's root without a failed handshake.")
    {
        new Command(
            "root",
            "A root gives way to the next in phases: prepare (it is made), distribute (everyone comes to trust it), activate (it signs; the last moment for a "
            + "rollback), drain (what chains to the former one ends), retire, done. A phase ends when its gates are open: 'status' names who is missing.")
        {
            Start(host),
            RotationStatusCommand.Create(host),
            Change(
                host, "pause", "Hold the rotation in its present phase; what runs goes on running.", "It holds in its present phase until 'rotate root resume'.",
                "rotate root pause --reason \"change freeze\""),
            Change(host, "resume", "Let a paused rotation go on.", "It goes on at the next look.", "rotate root resume --reason \"freeze over\""),
            Change(
                host, "rollback",
                "Take the rotation back to the former root. In prepare and distribute it ends at once; in activate the former root signs again and the next one is "
                + "drained. From drain on there is no way back: let it end, and rotate again.",
                "The former root stays; 'rotate root status' shows how the next one leaves.",
                "rotate root rollback --reason \"a partner refuses the new root\""),
            Change(
                host, "force",
                "Pass the gates of the present phase by. Whoever is missing then does not trust the next root, or holds a certificate that nobody trusts any more: its "
                + "handshakes FAIL. Look at 'rotate root status' first: 'agent evict' takes an agent that is gone for ever out of the gate without harm. Who was passed by is recorded.",
                "The gates of this phase are passed by as soon as they are looked at.",
                "rotate root force --reason \"the partner confirmed by telephone\""),
        },
    };

    private static TaughtCommand Start(CliHost host)
    {
        var reason = ReasonOption.Create();
        var compromised = new Option<bool>("--compromised")
        {
            Description = "The root's key may be in wrong hands: every phase is short, and after rotation.compromisedWithin who is missing is passed by.",
        };
        var over = Durations.Option(
            "--reissue-over",
            "Agents replace what chains to the leaving root spread over this time, so that the load is a slope. Without: each at the half of its life, or over "
            + "rotation.compromisedReissueOver with --compromised");
        var key = KeyOption();
        var command = new TaughtCommand(
            "start", "Begin the rotation of the root. The key of the next one is made in the key manager now; it signs only when everyone trusts it.",
            "rotate root start --reason \"yearly\"",
            "rotate root start --compromised --reissue-over 10m --reason \"an admin card of the HSM is lost\"")
        {
            reason, compromised, over, key,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var body = new StartRotationBody(call.Get(reason)!, call.Get(compromised), call.Get(over) is { } time ? (int)time.TotalSeconds : null);
            var status = await administration.PostAsync(
                "/v1/rotation", body, ApiJson.Default.StartRotationBody, ApiJson.Default.RotationStatusView, cancellationToken, idempotencyKey: call.Get(key));
            if (call.Printer.IsJson)
            {
                call.Printer.Json(status, ApiJson.Default.RotationStatusView);
                return;
            }

            call.Printer.Line($"Rotation {status.Rotation?.Id} of the root of {status.TrustDomain} is under way. 'rotate root status --wait' follows it.");
        });
        return command;
    }

    private static TaughtCommand Change(CliHost host, string verb, string description, string outcome, params IReadOnlyList<string> examples)
    {
        var reason = ReasonOption.Create();
        var rotation = new Option<string?>("--rotation")
        {
            Description = "Only if this rotation is the one under way; its id is in 'rotate root status'.", HelpName = "ID",
        };
        var key = KeyOption();
        var command = new TaughtCommand(verb, description, examples) { reason, rotation, key };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var status = await administration.PostAsync(
                $"/v1/rotation/{verb}", new ChangeRotationBody(call.Get(reason)!, call.Get(rotation)), ApiJson.Default.ChangeRotationBody,
                ApiJson.Default.RotationStatusView, cancellationToken, idempotencyKey: call.Get(key));
            if (call.Printer.IsJson)
            {
                call.Printer.Json(status, ApiJson.Default.RotationStatusView);
                return;
            }

            call.Printer.Line($"{verb}: rotation {status.Rotation?.Id} of the root of {status.TrustDomain}, phase {status.Rotation?.Phase}. {outcome}");
            if (status.Forced is { Count: 0 })
            {
                call.Printer.Line("No gate is shut at this moment.");
            }
            else if (status.Forced is { } shut)
            {
                call.Printer.Line("Shut at this moment, and passed by unless they open first:");
                RotationPrinter.PrintGates(call.Printer, shut);
            }
        });
        return command;
    }

    private static Option<string?> KeyOption() => new("--idempotency-key")
    {
        Description = "For scripts that try again: the same key does nothing a second time. 1 to 64 letters, digits, '-', '_' or '.'.", HelpName = "KEY",
    };
}
