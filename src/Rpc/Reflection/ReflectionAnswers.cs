using Google.Protobuf;
using MeshGrains.Rpc.ReflectionV1;

namespace MeshGrains.Rpc.Reflection;

/// <summary>One answer to each question of reflection; what is not known here is an error inside the answer, not the end of the stream.</summary>
internal static class ReflectionAnswers
{
    public static ServerReflectionResponse Answer(ServedDescriptors served, ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new ListServiceResponse();
                response.ListServicesResponse.Service.AddRange(served.Services.Select(name => new ServiceResponse { Name = name }));
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                SetFiles(response, served.FileByName(request.FileByFilename));
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                SetFiles(response, served.FileBySymbol(request.FileContainingSymbol));
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType when served.KnowsMessage(request.AllExtensionNumbersOfType):
                // proto3 messages have no extensions.
                response.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = request.AllExtensionNumbersOfType };
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType:
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension:
                SetError(response, RpcStatusCode.NotFound, "Not known here.");
                break;
            default:
                SetError(response, RpcStatusCode.InvalidArgument, "The request asks nothing.");
                break;
        }

        return response;
    }

    private static void SetFiles(ServerReflectionResponse response, IReadOnlyList<ByteString>? files)
    {
        if (files is null)
        {
            SetError(response, RpcStatusCode.NotFound, "Not known here.");
            return;
        }

        response.FileDescriptorResponse = new FileDescriptorResponse();
        response.FileDescriptorResponse.FileDescriptorProto.AddRange(files);
    }

    private static void SetError(ServerReflectionResponse response, RpcStatusCode code, string message) =>
        response.ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message };
}
